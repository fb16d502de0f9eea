import re
from pathlib import Path

from pants.core import register as core
from pants.testutil.rule_runner import RuleRunner

from lading_pants import register


def test_rules_of_the_backend_and_of_pants_make_a_complete_graph() -> None:
    # Constructing the runner solves the rule graph, and fails on a rule that cannot be reached.
    runner = RuleRunner(
        rules=[*core.rules(), *register.rules()], target_types=register.target_types()
    )
    assert runner.union_membership


def test_every_target_type_and_field_explains_itself() -> None:
    for target_type in register.target_types():
        assert target_type.help, target_type.alias
        for field in target_type.core_fields:
            assert field.help, f"{target_type.alias}: {field.alias}"


def test_what_is_in_a_cache_comes_from_the_rule_that_keeps_the_machine_out_of_keys() -> None:
    """engine/program.py; our other processes run at each start of Pants."""
    makers = {}
    for path in Path(register.__file__).parent.rglob("*.py"):
        calls = re.findall(r"\bProcess\((.*?)\n    +\)\n", path.read_text(), re.DOTALL)
        if calls and not path.name.endswith("_test.py"):
            makers[path.name] = calls
    (shared,) = makers.pop("program.py")
    assert "remote_cache_speculation_delay_millis=" in shared
    assert sorted(makers) == ["machine.py"]
    for (process,) in makers.values():
        assert "ProcessCacheScope.PER_RESTART_SUCCESSFUL" in process
