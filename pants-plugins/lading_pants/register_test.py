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
