"""A class on one machine: JupyterHub with a seat for each student.

`roll` knows who is in the class, `cards` prints how each signs in, `names` gives each seat its own host name, `limits`
and `groups` say what a seat may use, `accounts` gives each seat an account when we are root. The hub runs `hub_config`,
with `sign_in`, `spawner`, `warden` and `proxy`; every student's server begins as `seat`. `running` starts all of it and
clears up behind it.

The hub's packages come with the extra `class`; nothing outside this package imports them.
"""
