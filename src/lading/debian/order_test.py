from lading.debian.installed_package import InstalledPackage
from lading.debian.order import in_order_of_dependence


def package(name: str, depends: str = "") -> InstalledPackage:
    control = f"Package: {name}\nVersion: 1\n" + (f"Depends: {depends}\n" if depends else "")
    return InstalledPackage(name, "1", "all", control, False, (), (), (), (), {}, (), ())


def test_what_others_depend_on_comes_first() -> None:
    packages = [
        package("a", "c (>= 1), gone | d:any"),
        package("b"),
        package("base-files"),
        package("base-passwd"),
        package("c", "a"),
        package("d"),
    ]
    ordered = [one.name for one in in_order_of_dependence(packages)]
    assert ordered == ["base-passwd", "base-files", "c", "d", "a", "b"]
