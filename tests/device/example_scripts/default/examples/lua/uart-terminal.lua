-- Makes the console a terminal for UART1. The original's mistake is kept: what it sends to, `line`, is nowhere set.

function terminal(port, baud, bits, parity, stop)
    uart.attach(port, baud, bits, parity, stop)
    while true do
        local typed = uart.read(uart.CONSOLE, "*c", 0)
        if typed then
            local is_return = string.char(typed) == "\r"
            uart.write(uart.CONSOLE, typed)
            if is_return then
                uart.write(uart.CONSOLE, "\n")
            end
            uart.write(line, typed)
            if is_return then
                uart.write(line, "\n")
            end
        end
        local heard = uart.read(port, "*c", 0)
        if heard then
            uart.write(uart.CONSOLE, heard)
        end
    end
end

terminal(uart.UART1, 9600, 8, uart.PARNONE, uart.STOP1)
