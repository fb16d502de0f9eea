"""Fields with a single address, which is a dependency."""

from __future__ import annotations

from typing import Optional, Union

from pants.engine.addresses import Address
from pants.engine.target import InvalidFieldTypeException, SpecialCasedDependencies


class SingleAddressField(SpecialCasedDependencies):
    """One address, written as a string. `value` is a tuple of at most one."""

    @classmethod
    def compute_value(  # type: ignore[override]  # one address, not several
        cls, raw_value: Union[str, tuple[str, ...], None], address: Address
    ) -> Optional[tuple[str, ...]]:
        if isinstance(raw_value, tuple) and len(raw_value) == 1:
            # A value from `__defaults__`, which is computed again in directories below.
            (raw_value,) = raw_value
        if raw_value is not None and not isinstance(raw_value, str):
            raise InvalidFieldTypeException(
                address, cls.alias, raw_value, expected_type="the address of a target (a string)"
            )
        wrapped = None if raw_value is None else (raw_value,)
        return super().compute_value(wrapped, address)
