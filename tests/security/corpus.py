"""Texts that hold a secret, one of each form, and texts that look alike and hold none (R14).

The secrets are made up. Those with a provider's prefix are put together here, so that scanners
of repositories stay quiet.
"""

from __future__ import annotations

from typing import NamedTuple


class Sample(NamedTuple):
    """A text as a host could send it, and the parts of it that nobody may see."""

    name: str
    text: str
    secrets: tuple[str, ...]


COOKIE = "QX7ZTRK4VPLM2WYDB3EHNUCA5S"
PASSWORD = "Vn8rT2qLxw"
BASE = "mJ4xWq8Zt1vYb6Nc3Kd9Ls2Pf7Rg5Th0Uj4Vk8Xa1Cz6Be3Dm9Gn2Hq7Ip5Jr0w"
HEX = "9f1c2e7ab43d5806e1f2c3b4a5968778"
B64 = "aG9zdDpWbjhyVDJxTHh3"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
PHOENIX = "SFMyNTY." + "g3QAAAACZAAEZGF0YWEBZAAGc2lnbmVk" + ".bYx1xkYmQ0kq8u9dX2pY0w"
SEALED = "QTEyOEdDTQ." + "wWq8Zt1vYb6Nc3Kd9Ls2." + "Pf7Rg5Th0Uj4Vk8Xa1Cz." + "Be3Dm9Gn2Hq7Ip5Jr0w"
AWS_ID = "AKIA" + "IOSFODNN7EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
GITHUB = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
SLACK = "xoxb-" + "123456789012-abcdefABCDEF123456"
PEM = (
    "MIIEowIBAAKCAQEAx3k9ZtT8mYw5aJ2qLr7uVb1cNd0eXf4gHh6iPj8kQl2mRn3o",
    "Sp4qTr5sUt6uVv7wWx8xYy9zZa0AbBcCdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRsS",
    "tTuUvVwWxXyYzZ0123456789abcdEFGHijklMNOPqrstUVWXyz==",
)
PEM_TEXT = "\n".join(
    ("-----BEGIN RSA PRIVATE KEY-----", *PEM, "-----END RSA PRIVATE KEY-----"),
)


def _of(name: str, text: str, *secrets: str) -> Sample:
    return Sample(name, text, secrets)


SECRETS: tuple[Sample, ...] = (
    _of("erl argv", f"beam.smp -mode embedded -setcookie {COOKIE} -sname app@web1", COOKIE),
    _of("erl cmdline with NUL", f"erl\0-setcookie\0{COOKIE}\0-name\0app@web1\0", COOKIE),
    _of("glued to an invalid byte", f"\\xfe-setcookie {COOKIE} -sname app", COOKIE),
    _of("release argv", f"bin/app --cookie {COOKIE} --name x rpc", COOKIE),
    _of("release argv quoted", f'elixir --cookie "{COOKIE}" --hidden', COOKIE),
    _of("argv as list", f'["--cookie", "{COOKIE}", "--name"]', COOKIE),
    _of("cookie env", f"RELEASE_COOKIE={COOKIE} LANG=C.UTF-8", COOKIE),
    _of("cookie of describe", f"Version:  0.1.0\nCookie:            {COOKIE}\nPid: 7", COOKIE),
    _of("cookie keyword atom", f"[cookie: :{COOKIE.lower()}, name: :app]", COOKIE.lower()),
    _of("cookie keyword quoted atom", f'cookie: :"{COOKIE}"', COOKIE),
    _of("cookie erlang tuple", f"{{cookie,'{COOKIE}'}}", COOKIE),
    _of("set_cookie call", f"erlang:set_cookie(node(), '{COOKIE}').", COOKIE),
    _of("ecto url", f"url: ecto://app:{PASSWORD}@10.77.0.13:5432/app_prod", PASSWORD),
    _of("postgres url", f"DATABASE_URL=postgres://app:{PASSWORD}@db/app PORT=4000", PASSWORD),
    _of("ecto url, hard password", f"ecto://app:{PASSWORD}@x/{HEX}@db:5432/app", PASSWORD, HEX),
    _of("amqp url", f'connecting to "amqp://guest:{PASSWORD}@mq:5672/%2f"', PASSWORD),
    _of("redis url", f"REDIS_URL=redis://:{PASSWORD}@cache:6379/0", PASSWORD),
    _of("https url", f"fetching https://deploy:{PASSWORD}@git.example.com/app.git", PASSWORD),
    _of("https url with token", f"https://{HEX}@sentry.example.com/7", HEX),
    _of("https url, password with slash", f"https://u:{PASSWORD}/x{HEX}@h/p", PASSWORD, HEX),
    _of("url query token", f"GET /confirm?user=7&token={HEX}&next=%2F", HEX),
    _of("url query code", f"GET /auth/callback?code={HEX}&state=ok", HEX),
    _of("env password", f"DATABASE_PASSWORD={PASSWORD}", PASSWORD),
    _of("env password in quotes", f"export DB_PASSWORD='{PASSWORD} and more'", PASSWORD, "more"),
    _of("systemd environment", f'Environment=A=1 "SMTP_PASS=two {PASSWORD}" B=2', PASSWORD),
    _of("env pass", f"SMTP_PASS={PASSWORD}", PASSWORD),
    _of("env secret", f"GUARDIAN_SECRET={BASE}", BASE),
    _of("env token", f"HEX_API_TOKEN={HEX} MIX_ENV=prod", HEX),
    _of("env api key", f"SENDGRID_API_KEY={HEX}", HEX),
    _of("env key base", f"SECRET_KEY_BASE={BASE}", BASE),
    _of("env with signs", f"PASSWORD={PASSWORD}&{HEX};x,y}}z NEXT=1", PASSWORD, HEX),
    _of("keyword password", f'[username: "app", password: "{PASSWORD}", pool_size: 10]', PASSWORD),
    _of("keyword with escape", f'password: "a\\"{PASSWORD}", pool: 1', PASSWORD),
    _of("keyword charlist", f"password: ~c\"{PASSWORD}\", old: '{HEX}'", PASSWORD),
    _of("keyword key base", f'secret_key_base: "{BASE}"', BASE),
    _of("keyword salt", f'signing_salt: "{PASSWORD}"', PASSWORD),
    _of("map of params", f'%{{"user" => "a", "password" => "{PASSWORD}"}}', PASSWORD),
    _of("map of binaries", f'%{{password: <<"{PASSWORD}">>}}', PASSWORD),
    _of("map of raw bytes", "%{secret: <<201, 17, 250>>, id: 1}", "201, 17, 250"),
    _of("erlang proplist", f'[{{user,"a"}},{{password,"{PASSWORD}"}}]', PASSWORD),
    _of("erlang binary", f'{{password, <<"{PASSWORD}">>}}', PASSWORD),
    _of("elixir tuple", f'{{:password, "{PASSWORD}"}}', PASSWORD),
    _of("json", f'{{"user":"a","password":"{PASSWORD}","n":1}}', PASSWORD),
    _of("json in json", f'{{"body":"{{\\"password\\":\\"{PASSWORD}\\"}}"}}', PASSWORD),
    _of("json camel case", f'{{"clientSecret": "{PASSWORD}", "accessToken":"x"}}', PASSWORD),
    _of("yaml", f"database:\n  password: {PASSWORD}\n  pool: 5", PASSWORD),
    _of("ini", f"password = {PASSWORD}", PASSWORD),
    _of("xml", f"<db><password>{PASSWORD}</password></db>", PASSWORD),
    _of("prose with a colon", f"temporary password: {PASSWORD}", PASSWORD),
    _of("authorization bearer", f"Authorization: Bearer {HEX}", HEX),
    _of("authorization basic", f"authorization: Basic {B64}==", B64),
    _of("authorization tuple", f'[{{"authorization", "Bearer {HEX}"}}, {{"a", "b"}}]', HEX),
    _of("authorization digest", f'Authorization: Digest username="a", response="{HEX}"', HEX),
    _of("authorization without scheme", f'"authorization" => "{HEX}"', HEX),
    _of("basic alone", f"sent Basic {B64}== to api", B64),
    _of("bearer alone", f"sent Bearer {HEX} to api", HEX),
    _of("curl header", f"curl -H 'Authorization: Bearer {HEX}' https://api.example.com", HEX),
    _of("cookie header", f"Cookie: _app_key={HEX}; theme=dark", HEX),
    _of("cookie header tuple", f'{{"cookie", "_app_key={HEX}; a=b"}}', HEX),
    _of("set-cookie header", f"set-cookie: _app_key={HEX}; path=/; HttpOnly", HEX),
    _of("api key header", f"x-api-key: {HEX}", HEX),
    _of("api key header tuple", f'{{"x-api-key", "{HEX}"}}', HEX),
    _of("phoenix token", f"session {PHOENIX} refused", PHOENIX[8:]),
    _of("phoenix sealed cookie", f"got {SEALED}", SEALED[11:]),
    _of("csrf param", f'"_csrf_token" => "{B64}"', B64),
    _of("csrf meta", f'<meta name="csrf-token" content="{B64}">', B64),
    _of("csrf header", f"x-csrf-token: {HEX}", HEX),
    _of("jwt", f"claims of {JWT} are old", JWT[3:]),
    _of("aws id", f"using {AWS_ID} in eu-west-1", AWS_ID[4:]),
    _of("aws secret", f"aws_secret_access_key = {AWS_SECRET}", AWS_SECRET),
    _of("s3 store of edeliver", f"s3://{AWS_ID}@{AWS_SECRET}:releases/app", AWS_ID, AWS_SECRET),
    _of("github token", f"remote: {GITHUB} expired", GITHUB[4:]),
    _of("slack token", f"posting with {SLACK}", SLACK[5:]),
    _of("slack hook", f"https://hooks.slack.com/services/T000/B000/{HEX}", HEX),
    _of("stripe key", "charging with " + "sk_live_" + HEX, HEX),
    _of("github fine-grained token", "using github" + f"_pat_{HEX}", HEX),
    _of("gitlab token", "using glpat" + f"-{HEX}", HEX),
    _of("google token", "using ya29" + f".{HEX}", HEX),
    _of("stripe hook", "using whsec" + f"_{HEX}", HEX),
    _of("sendgrid key", "using SG" + f".{HEX}.{BASE}", HEX, BASE),
    _of("model key", "using sk" + f"-proj-{HEX}", HEX),
    _of("phoenix xchacha cookie", f"got XCP.{HEX}.{BASE}", HEX, BASE),
    _of("google key", "maps " + "AIza" + "SyD4x9Zt1vYb6Nc3Kd9Ls2Pf7Rg5Th0Uj4", "SyD4x9Zt1vYb6N"),
    _of("libpq dsn", f"host=db user=app password={PASSWORD} dbname=app", PASSWORD),
    _of("libpq dsn quoted", f"host=db password='{PASSWORD} x' dbname=app", PASSWORD),
    _of("odbc dsn", f"Server=db;Uid=app;Pwd={PASSWORD};Database=app", PASSWORD),
    _of("pgpassword", f"env PGPASSWORD={PASSWORD} psql -h db", PASSWORD),
    _of("sql", f"ALTER ROLE app WITH PASSWORD '{PASSWORD}';", PASSWORD),
    _of("netrc", f"machine git login deploy password {PASSWORD}", PASSWORD),
    _of("sshpass", f"sshpass -p {PASSWORD} ssh app@web1", PASSWORD),
    _of("sshpass glued", f"sshpass -p'{PASSWORD}' ssh app@web1", PASSWORD),
    _of("curl user", f"curl -s -u deploy:{PASSWORD} https://store/app.tar.gz", PASSWORD),
    _of("flag with password", f"pg_tool --db-password={PASSWORD} --verbose", PASSWORD),
    _of("key block", f"config: {PEM_TEXT} done", *PEM),
    _of("key block cut short", PEM_TEXT[:150], PEM[0], PEM[1][:40]),
    _of("key block escaped", PEM_TEXT.replace("\n", "\\n"), *PEM),
    _of("line of a key block", PEM[1], PEM[1]),
    _of("bcrypt hash", f"hash $2b$12$R9h/cIPz0gi.URNNX3kh2{HEX}", "R9h/cIPz", HEX),
    _of("age key", "AGE-SECRET-KEY-1" + "QYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGP", "QYQSZQGP"),
)  # fmt: skip

HARMLESS: tuple[str, ...] = (
    "12:03:07.123 request_id=FvX3 [info] Sent 200 in 3ms",
    "[info] GET /api/orders/7?page=2&sort=name",
    "[info] Running AppWeb.Endpoint with cowboy 2.10.0 at 127.0.0.1:4000 (http)",
    "[info] Access AppWeb.Endpoint at http://localhost:4000/users/@bob",
    "[error] ** (DBConnection.ConnectionError) tcp recv: closed",
    "password reset requested for user 7",
    "password_reset_sent_at=2024-03-01 password_changed=true",
    "invalid password: try again later",
    "cookie mismatch",
    "▸    - The cookie is mismatched between us and the target node",
    "** (TokenMissingError) nofile:1:5: missing terminator: )",
    "unexpected token: end",
    "token_count=5 max_tokens=100 tokens: 512",
    "primary_key: id, foreign_key=user_id, cache_key=orders:7",
    'Parameters: %{"password" => "[FILTERED]", "user" => "bob"}',
    "password: nil, token: true, secret=false",
    "PWD=/opt/app HOME=/root",
    "SMTP_PASS= NEXT=1",
    "passed: 3, pass: 3, fail: 0",
    "bypass: enabled",
    "the secret of good soup",
    "Basic authentication is required; Bearer authentication failed",
    "authorization: denied for user bob",
    "Signature algorithm: ssh-ed25519",
    "-----BEGIN CERTIFICATE-----",
    "9f1c2e7ab43d5806e1f2c3b4a59687789f1c2e7ab43d5806e1f2c3b4a5968778",
    "see https://hexdocs.pm/ecto/Ecto.Migrator.html?query=run#functions",
    "scp://host:22/path user@host:5432",
    "http://10.0.0.1:4000/a@b",
    "docker run --user 1000:1000 image",
    "disk-usage task-queue work_item risk_level",
    "curl -I http://127.0.0.1:4000/health",
    "(app 0.1.0) lib/app/auth/token.ex:12: App.Token.verify/2",
    "MatchError: no match of right hand side value: {:error, :invalid_credentials}",
)
