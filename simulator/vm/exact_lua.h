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

/* The functions of the firmware are written in C, and a tail call of a C function, `return net.ota()`, leaves its caller
 * on the stack: for the position of an error, and in a traceback. Ours are written in Lua, so the interpreter would put
 * them in the place of their caller. Let it call them as it calls others where the caller is none of ours; the name of
 * its chunk says whose a function is (machine.py).
 *
 * A tail call is the one place where luaD_precall() is called with these very arguments, `ra` and `LUA_MULTRET`. The
 * names are pasted: for that pair there is a macro that moves the choice by one. The same with the version. */
#define luaD_precall(L, function, results) \
    LUATWIN_CHOOSE(LUATWIN_##function##_##results, LUATWIN_TAIL_CALL, LUATWIN_OTHER_CALL, )(L, function, results)
#define LUATWIN_CHOOSE(...) LUATWIN_THIRD(__VA_ARGS__)
#define LUATWIN_ra_LUA_MULTRET ,
#define LUATWIN_TAIL_CALL(L, function, results) \
    LUATWIN_PASTE(LUATWIN_TAIL_CALL_, LUA_VERSION_NUM)(L, function, results)
#define LUATWIN_PASTE(name, version) LUATWIN_PASTED(name, version)
#define LUATWIN_PASTED(name, version) name##version
#define LUATWIN_OTHER_CALL(L, function, results) luaD_precall(L, function, results)
#define LUATWIN_TAIL_CALL_501 LUATWIN_OTHER_CALL
#define LUATWIN_TAIL_CALL_502 LUATWIN_OTHER_CALL
#define LUATWIN_TAIL_CALL_503(L, function, results) \
    (ttisLclosure(function) && LUATWIN_IS_OURS(clLvalue(function)) && !LUATWIN_IS_OURS(cl) \
         ? ({ luaD_precall(L, function, results); ci = L->ci; goto newframe; 0; }) \
         : luaD_precall(L, function, results))
#define LUATWIN_IS_OURS(closure) \
    ((closure)->p->source != NULL && strcmp(getstr((closure)->p->source), "=[firmware]") == 0)

/* No hook is called while a finalizer runs, so nothing could end one that loops. Let hooks be as they were around it. The
 * finalizer is what `dothecall` calls. */
#define luaD_pcall(L, function, ...) \
    LUATWIN_CHOOSE(LUATWIN_IN_##function, LUATWIN_CALL_FINALIZER, LUATWIN_OTHER_PCALL, )(L, function, __VA_ARGS__)
#define LUATWIN_IN_dothecall ,
#define LUATWIN_OTHER_PCALL(L, ...) luaD_pcall(L, __VA_ARGS__)
#define LUATWIN_CALL_FINALIZER(L, ...) \
    (LUA_VERSION_NUM == 503 ? (void)(L->allowhook = oldah) : (void)0, luaD_pcall(L, __VA_ARGS__))

/* Nor is a hook called while a pattern is matched, which can take for ever. Each step of it counts as one instruction;
 * whatever calls match() takes a step, what declares it begins its third parameter with `const`. */
#define match(state, text, pattern) \
    LUATWIN_CHOOSE(LUATWIN_OF_##pattern, LUATWIN_MATCH, LUATWIN_STEP_AND_MATCH, )(state, text, pattern)
#define LUATWIN_OF_const ,
#define LUATWIN_MATCH(state, text, pattern) match(state, text, pattern)
#define LUATWIN_STEP_AND_MATCH(state, text, pattern) (LUATWIN_STEP((state)->L), match(state, text, pattern))
#define LUATWIN_STEP(L) \
    ({ \
        extern void (luaG_traceexec)(lua_State *); /* in parentheses it is no macro */ \
        if (LUA_VERSION_NUM == 503 && (lua_gethookmask(L) & (LUA_MASKCOUNT | LUA_MASKLINE)) == LUA_MASKCOUNT) \
            (luaG_traceexec)(L); \
    })
