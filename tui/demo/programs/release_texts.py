"""What a release's launcher and its VM print, word for word."""

from __future__ import annotations

USAGE = """Usage: billing COMMAND [ARGS]

The known commands are:

    start          Starts the system
    start_iex      Starts the system with IEx attached
    daemon         Starts the system as a daemon
    daemon_iex     Starts the system as a daemon with IEx attached
    eval "EXPR"    Executes the given expression on a new, non-booted system
    rpc "EXPR"     Executes the given expression remotely on the running system
    remote         Connects to the running system via a remote shell
    restart        Restarts the running system via a remote command
    stop           Stops the running system via a remote command
    pid            Prints the operating system PID of the running system via a remote command
    version        Prints the release name and version to be booted

"""
NO_ENV = "{launcher}: 18: .: cannot open {root}/releases/{version}/env.sh: No such file\n"
BANNER = (
    "Erlang/OTP 25 [erts-13.1.5] [source] [64-bit] [smp:2:2] [ds:2:2:10] [async-threads:1] "
    "[jit:ns]\n\nInteractive Elixir (1.14.0) - press Ctrl+C to exit (type h() ENTER for help)\n"
)
NO_REMSH = "warning: the --remsh option will be ignored because IEx is running on limited shell\n"
# What an eval dies of without the variable that runtime.exs fetches: stdout, stderr.
NO_DATABASE_URL = (
    "{\"init terminating in do_boot\",{#{'__exception__'=>true,"
    "'__struct__'=>'Elixir.System.EnvError',env=><<\"DATABASE_URL\">>},"
    "[{'Elixir.System','fetch_env!',1,[{file,\"lib/system.ex\"},{line,706}]},"
    '{erl_eval,do_apply,7,[{file,"erl_eval.erl"},{line,744}]},'
    '{erl_eval,expr_list,7,[{file,"erl_eval.erl"},{line,961}]},'
    '{erl_eval,expr,6,[{file,"erl_eval.erl"},{line,290}]},'
    '{erl_eval,expr,6,[{file,"erl_eval.erl"},{line,282}]},'
    '{erl_eval,expr_list,7,[{file,"erl_eval.erl"},{line,961}]},'
    '{erl_eval,expr,6,[{file,"erl_eval.erl"},{line,454}]},'
    '{elixir,eval_forms,3,[{file,"src/elixir.erl"},{line,283}]}]}}\r\n',
    "ERROR! Config provider Config.Reader failed with:\n"
    '** (System.EnvError) could not fetch environment variable "DATABASE_URL" '
    "because it is not set\n"
    "    (elixir 1.14.0) lib/system.ex:706: System.fetch_env!/1\n"
    "    (stdlib 4.2) erl_eval.erl:744: :erl_eval.do_apply/7\n"
    "    (stdlib 4.2) erl_eval.erl:961: :erl_eval.expr_list/7\n"
    "    (stdlib 4.2) erl_eval.erl:290: :erl_eval.expr/6\n"
    "    (stdlib 4.2) erl_eval.erl:282: :erl_eval.expr/6\n"
    "    (stdlib 4.2) erl_eval.erl:961: :erl_eval.expr_list/7\n"
    "    (stdlib 4.2) erl_eval.erl:454: :erl_eval.expr/6\n"
    "    (elixir 1.14.0) src/elixir.erl:283: :elixir.eval_forms/3\n"
    "\n"
    "init terminating in do_boot ({,[{Elixir.System,fetch_env!,1,[{_},{_}]},"
    "{erl_eval,do_apply,7,[{_},{_}]},{erl_eval,expr_list,7,[{_},{_}]},"
    "{erl_eval,expr,6,[{_},{_}]},{erl_eval,expr,6,[{_},{_}]},"
    "{erl_eval,expr_list,7,[{_},{_}]},{erl_eval,expr,6,[{_},{_}]},"
    "{elixir,eval_forms,3,[{_},{_}]}]})\r\n"
    "\r\n"
    "Crash dump is being written to: erl_crash.dump...done\r\n",
)
