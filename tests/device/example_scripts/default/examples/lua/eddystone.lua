-- The board is two Eddystone beacons at once, with a transmit power of 0xed.

local ADDRESS, POWER = "808182838485", 0xed

name = bt.service.eddystone.uid(ADDRESS, POWER, "3F3B51B60B88EF9949E5", "CF484185AE0B")
link = bt.service.eddystone.url(ADDRESS, POWER, "https://whitecatboard.org")

name:start()
link:start()
