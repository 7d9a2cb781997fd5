"""beamdeck: everything a place on screen is made of; the places are in `screens`.

Floors, imports go downward only (import-linter holds them):

    __main__             from arguments to an exit code
    cli, app             the commands without a screen; the composition root of the console
    screens              the places an operator can be
    widgets | operations | demo
                         what is drawn; use cases without a screen; the embedded fleet
    ssh                  sessions, trust, the fleet: with demo the only importer of asyncssh
    commands             question -> Command, bytes -> answer; pure
    model                frozen values and pure functions; standard library only

Beside them, without a floor of their own: config, typed_toml, diagnosis_rules (with rules/*.toml,
what known failures look like and mean), paths, errors, lost_terminal.
"""
