"""What LuaTwin costs, measured against limits that are measured in the same run.

One module per subject; each has ``measure(effort)``, which returns rows of the table. `report` holds the table and
puts it into the README, `timing` the ways of measuring, `setting` the boards that are measured. It judges nothing: a
row says what was aimed at, and a test only that every benchmark runs. Read `benchmarks.ota` first.
"""
