from typing import Dict

import pytest

from lading.debian.pam import pam_files

# As in libpam-runtime, libpam-sss, libpam-ldapd, libpam-pwquality, libpam-systemd and libpam-cap of
# Debian 12, and what pam-auth-update makes of them there.
_PROFILES = {
    "unix": """\
Name: Unix authentication
Default: yes
Priority: 256
Auth-Type: Primary
Auth:
\t[success=end default=ignore]\tpam_unix.so nullok try_first_pass
Auth-Initial:
\t[success=end default=ignore]\tpam_unix.so nullok
Account-Type: Primary
Account:
\t[success=end new_authtok_reqd=done default=ignore]\tpam_unix.so
Session-Type: Additional
Session:
\trequired\tpam_unix.so
Password-Type: Primary
Password:
\t[success=end default=ignore]\tpam_unix.so obscure use_authtok try_first_pass yescrypt
Password-Initial:
\t[success=end default=ignore]\tpam_unix.so obscure yescrypt
""",
    "sss": """\
Name: SSS authentication
Default: yes
Priority: 128
Auth-Type: Primary
Auth:
\t[success=end default=ignore]\tpam_sss.so use_first_pass
Account-Type: Additional
Account:
\tsufficient\t\t\tpam_localuser.so
\t[default=bad success=ok user_unknown=ignore]\tpam_sss.so
Session-Type: Additional
Session-Interactive-Only: yes
Session:
\toptional\t\t\tpam_sss.so
Password-Type: Primary
Password:
\tsufficient\t\t\tpam_sss.so use_authtok
""",
    "pwquality": """\
Name: Pwquality password strength checking
Default: yes
Priority: 1024
Conflicts: cracklib
Password-Type: Primary
Password:
\trequisite\t\t\tpam_pwquality.so retry=3
""",
    "cracklib": """\
Name: Cracklib password strength checking
Default: yes
Priority: 1023
Password-Type: Primary
Password:
\trequisite\t\t\tpam_cracklib.so
""",
    "mkhomedir": """\
Name: Create home directory on login
Default: no
Priority: 0
Session-Type: Additional
Session:
\toptional\t\t\tpam_mkhomedir.so
""",
    "capability": """\
Name: Inheritable Capabilities Management
Default: yes
Priority: 0
Auth-Type: Additional
Auth-Final:
\toptional\t\t\tpam_cap.so
""",
}


def template(path: str) -> str:
    kind = path.rpartition("common-")[2].replace("-noninteractive", "_nonint")
    return f"# before\n${kind}_primary\nfallback\n${kind}_additional\n# end\n"


def made(*names: str) -> Dict[str, str]:
    files = pam_files({name: _PROFILES[name] for name in names}, template)
    return {path.rpartition("/")[2]: text for path, text in files.items() if "pam.d" in path}


@pytest.mark.parametrize(
    ("kind", "primary", "additional"),
    [
        (
            "auth",
            "auth\t[success=2 default=ignore]\tpam_unix.so nullok\n"
            "auth\t[success=1 default=ignore]\tpam_sss.so use_first_pass\n",
            "auth\toptional\t\t\tpam_cap.so \n",
        ),
        (
            "account",
            "account\t[success=1 new_authtok_reqd=done default=ignore]\tpam_unix.so \n",
            "account\tsufficient\t\t\tpam_localuser.so \n"
            "account\t[default=bad success=ok user_unknown=ignore]\tpam_sss.so \n",
        ),
        (
            "password",
            "password\trequisite\t\t\tpam_pwquality.so retry=3\n"
            "password\t[success=2 default=ignore]\tpam_unix.so obscure use_authtok"
            " try_first_pass yescrypt\n"
            "password\tsufficient\t\t\tpam_sss.so use_authtok\n",
            "",
        ),
        (
            "session",
            "session\t[default=1]\t\t\tpam_permit.so\n",
            "session\trequired\tpam_unix.so \nsession\toptional\t\t\tpam_sss.so \n",
        ),
        (
            "session-noninteractive",
            "session\t[default=1]\t\t\tpam_permit.so\n",
            "session\trequired\tpam_unix.so \n",
        ),
    ],
)
def test_the_blocks_are_those_of_pam_auth_update(kind: str, primary: str, additional: str) -> None:
    text = made(*_PROFILES)[f"common-{kind}"]
    assert text == f"# before\n{primary}fallback\n{additional}# end\n"


def test_the_first_module_asks_for_the_password() -> None:
    assert "pam_unix.so obscure yescrypt\n" in made("unix", "sss")["common-password"]


def test_the_state_is_there_for_later_changes() -> None:
    files = pam_files(_PROFILES, template)
    assert files["var/lib/pam/seen"] == "pwquality\ncracklib\nunix\nsss\nmkhomedir\ncapability\n"
    assert files["var/lib/pam/session-noninteractive"] == (
        "Module: null\n[default=1]\t\t\tpam_permit.so\nModule: unix\nrequired\tpam_unix.so\n"
    )


def test_nothing_is_made_without_libpam_runtime() -> None:
    assert pam_files(_PROFILES, lambda path: None) == {}


@pytest.mark.parametrize("priority", ["9" * 5000, "\u0662", "-1", "high"])
def test_a_priority_that_is_no_number_is_none(priority: str) -> None:
    def seen(text: str) -> str:
        odd = f"Name: odd\nDefault: yes\nPriority: {text}\n"
        return pam_files({**_PROFILES, "odd": odd}, template)["var/lib/pam/seen"]

    assert seen(priority) == seen("0") != seen("999")
