from lading.checks.image_testing import directory, image_files, link
from lading.checks.license_check import LicenseCheck
from lading.values.json_codec import from_json, to_json

FILES = image_files(
    {
        "usr/share/doc/libgnutls30": directory(),
        "usr/share/doc/nothing": directory(),
        "usr/share/doc/same": link("good"),
        "usr/share/doc/linked": directory(),
        "usr/share/doc/linked/copyright": link("../good/copyright"),
    },
    {
        "usr/share/doc/good/copyright": b"GPL",
        "usr/share/doc/bad/copyright": b"the Agpl",
        "usr/share/doc/README": b"AGPL",
        "LICENSE": b"wtfpl and AGPL",
    },
)


def test_what_container_structure_test_refuses() -> None:
    check = LicenseCheck(True, ("/LICENSE", "/usr/share/doc/good/copyright", "/none"))
    assert check.judge(FILES).failures == (
        "/usr/share/doc/bad/copyright contains AGPL",
        "there is no file /usr/share/doc/nothing/copyright",
        "/LICENSE contains AGPL and WTFPL",
        "there is no file /none",
    )
    assert set(check.wanted(FILES)) == {
        "usr/share/doc/good/copyright",
        "usr/share/doc/bad/copyright",
        "LICENSE",
    }


def test_an_image_that_is_no_debian() -> None:
    files = image_files({})
    assert LicenseCheck(True, ()).judge(files).failures == ("there is no directory /usr/share/doc",)
    assert LicenseCheck(False, ()).judge(files).passed


def test_json_gives_it_back() -> None:
    check = LicenseCheck(True, ("/a",))
    assert from_json(LicenseCheck, to_json(check)) == check
