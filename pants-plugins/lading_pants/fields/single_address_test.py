from __future__ import annotations

import pytest
from pants.engine.addresses import Address
from pants.engine.target import InvalidFieldException, InvalidFieldTypeException

from lading_pants.fields.single_address import SingleAddressField

ADDRESS = Address("a", target_name="b")


class _Field(SingleAddressField):
    alias = "thing"


class _RequiredField(SingleAddressField):
    alias = "thing"
    required = True


def test_an_address_is_kept_with_where_it_stands() -> None:
    inputs = _Field(":c", ADDRESS).to_unparsed_address_inputs()
    assert inputs.values == (":c",)
    assert inputs.relative_to == "a"
    assert "`thing`" in inputs.description_of_origin and "a:b" in inputs.description_of_origin


def test_a_default_is_computed_again_in_each_directory() -> None:
    assert _Field(("//c",), ADDRESS).value == ("//c",)


def test_none_is_no_address() -> None:
    assert _Field(None, ADDRESS).value is None
    assert _Field(None, ADDRESS).to_unparsed_address_inputs().values == ()


@pytest.mark.parametrize("value", [["//a"], ("//a", "//b"), (1,), 1, {"a": "b"}])
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(InvalidFieldTypeException) as raised:
        _Field(value, ADDRESS)
    assert "The 'thing' field in target a:b must be the address of a target" in str(raised.value)


def test_a_required_one_must_be_there() -> None:
    with pytest.raises(InvalidFieldException, match="'thing' field in target a:b must be defined"):
        _RequiredField(None, ADDRESS)
