import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.store.script import Programs, run_from_store, script_text
from lading.values.errors import LadingError
from lading.values.path import StorePath

BASH = StorePath("b" * 32, "bash-5.2")
COREUTILS = StorePath("c" * 32, "coreutils-9.1")
RUNNER = StorePath("r" * 32, "runner")


def listed(*members: Entry) -> "dict[str, Entry]":
    return {member.path: member for member in members}


PROGRAMS = Programs(
    {
        BASH: listed(
            Entry("", Kind.DIRECTORY, 0o555),
            Entry("bin", Kind.DIRECTORY, 0o555),
            Entry("bin/bash", Kind.FILE, 0o555),
            Entry("bin/bashrc", Kind.FILE, 0o444),
            Entry("bin/sh", Kind.SYMLINK, 0o777, target="bash"),
        ),
        COREUTILS: listed(
            Entry("bin/env", Kind.FILE, 0o555),
            Entry("bin/sh", Kind.FILE, 0o555),
        ),
        RUNNER: listed(Entry("", Kind.FILE, 0o555)),
    }
)


@pytest.mark.parametrize(
    "text, interpreter, expected",
    [
        ("#!/bin/sh", "", "#!/bin/sh\n"),
        ("#!/bin/sh\nx\n", "", "#!/bin/sh\nx\n"),
        ("x", "/bin/sh -e", "#!/bin/sh -e\nx\n"),
        ("#!/usr/bin/env sh\nx\n", "/bin/sh", "#!/bin/sh\nx\n"),
        ("#!/bin/sh", "/bin/bash", "#!/bin/bash\n"),
        ("", "/bin/sh", "#!/bin/sh\n"),
        ("# {a} ${b}\n\n", "/bin/sh", "#!/bin/sh\n# {a} ${b}\n\n"),
    ],
)
def test_an_interpreter_becomes_the_first_line(text: str, interpreter: str, expected: str) -> None:
    assert script_text(text, interpreter) == expected


@pytest.mark.parametrize(
    "text, interpreter, reason",
    [
        ("echo\n", "", "the script has no `#!` line: begin it with one such as"),
        ("", "", "the script has no `#!` line"),
        ("\n#!/bin/sh", "", "the script has no `#!` line"),
        ("x", "#!/bin/sh", "`interpreter` is '#!/bin/sh'. Write a program"),
        ("x", "/bin/sh\n", "in one line"),
    ],
)
def test_scripts_that_nothing_runs(text: str, interpreter: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        script_text(text, interpreter)
    assert reason in str(error.value)


@given(st.text(), st.sampled_from(["", "/bin/sh"]))
def test_what_stands_behind_the_first_line_is_kept(text: str, interpreter: str) -> None:
    script = script_text("#!/bin/bash\n" + text, interpreter)
    first, _, rest = script.partition("\n")
    assert first == "#!" + (interpreter or "/bin/bash")
    assert rest == text or (rest == text + "\n" and not text.endswith("\n"))


@pytest.mark.parametrize(
    "line, expected",
    [
        (f"#!{BASH}/bin/bash -e", f"#!{BASH}/bin/bash -e"),
        (f"#! {BASH}/bin/bash", f"#! {BASH}/bin/bash"),
        (f"#!{BASH}/bin/sh", f"#!{BASH}/bin/sh"),
        (f"#!{RUNNER} x", f"#!{RUNNER} x"),
        ("#!/bin/bash -e", f"#!{BASH}/bin/bash -e"),
        ("#!/usr/bin/env bash", f"#!{BASH}/bin/bash"),
        # The first package that has it.
        ("#!/bin/sh", f"#!{BASH}/bin/sh"),
        ("#!/usr/bin/env -S A=1 bash", f"#!{COREUTILS}/bin/env -S A=1 {BASH}/bin/bash"),
    ],
)
def test_the_interpreter_comes_from_the_store(line: str, expected: str) -> None:
    assert run_from_store(f"{line}\nrest\n", PROGRAMS) == f"{expected}\nrest\n"


@pytest.mark.parametrize(
    "line, reason",
    [
        ("#!", "the script's first line, '#!', names no program: write `#!{//"),
        ("#!/bin/zsh -e", "is run by '#!/bin/zsh -e', outside of /store: name a program by"),
        ("#!/bin/zsh", "add the package that contains bin/zsh to `dependencies`"),
        ("#!/bin/bashrc", "add the package that contains bin/bashrc to `dependencies`"),
        ("#!/usr/bin/env -S 'x'", "which names no program: name one by its store path"),
        (f"#!{BASH}/bin/bsh", f"names: did you mean {BASH}/bin/bash?"),
        (
            f"#!{BASH}/bin/bash\r",
            "/bin/bash\\r', which is not a program in a package that it names: ",
        ),
        (f"#!{BASH}/bin/bashrc", "which is not a program in a package"),
        (f"#!{BASH}", "which is not a program in a package"),
        (f"#!{BASH}x/bin/bash", "which is not a program in a package"),
        (f"#!/store/{'z' * 32}-x", "write one such as `#!{//3rdparty/bash}/bin/bash`."),
        (f"#!{BASH}/bin/bash {'x' * 255}", "is longer than the 255 bytes that Linux reads"),
    ],
)
def test_interpreters_that_would_not_run_in_an_image(line: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        run_from_store(f"{line}\n", PROGRAMS)
    assert reason in str(error.value)
