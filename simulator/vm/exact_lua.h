/* How the Lua of the exact build differs from the one that lupa carries: read before every file of it
 * (`-include`, see simulator/install.py). lupa builds all versions of Lua at once; what is here is for 5.3 and leaves
 * the others as they are.
 */

/* Lua RTOS is built with 32-bit integers and floats. */
#define LUA_32BITS

/* Lua salts the hash of its strings with the time and with addresses, so that pairs() goes another way in every
 * process. Its makeseed() begins with this macro; let it return 0 there and then. */
#define luai_makeseed(...) ({ if (LUA_VERSION_NUM == 503) return (0); 0; })

/* While a count hook is set, the interpreter calls luaG_traceexec() before every instruction, nearly always only to
 * count down: pure Lua takes almost twice as long. Count down in place and call it when there is something to do; the
 * hook is called at the same instructions as before.
 *
 * In 5.3 the function has one parameter, `lua_State *L` where it is declared and defined and `L` where it is called,
 * and pasting tells the two apart. A macro is not expanded inside itself, so the name that is left is the function. */
#define luaG_traceexec(...) LUATWIN_THIRD(__VA_ARGS__, LUATWIN_AS_IT_IS, LUATWIN_COUNT_DOWN)(__VA_ARGS__)
#define LUATWIN_THIRD(first, second, third, ...) third
#define LUATWIN_AS_IT_IS(...) luaG_traceexec(__VA_ARGS__)
#define LUATWIN_COUNT_DOWN(parameter) LUATWIN_COUNT_DOWN_##parameter)
#define LUATWIN_COUNT_DOWN_lua_State luaG_traceexec(lua_State
#define LUATWIN_COUNT_DOWN_L \
    (void)((--L->hookcount != 0 && !(L->hookmask & LUA_MASKLINE)) || (++L->hookcount, luaG_traceexec(L), 0)
