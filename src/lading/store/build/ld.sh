#!/bin/bash
# The linker that compilers in the sandbox find (through COMPILER_PATH). Dynamically linked output
# gets the store's own interpreter and search path, since an image has nothing at the usual places.
# A later -dynamic-linker overrides the compiler's; for shared objects ld ignores it.
for argument; do
    case $argument in
    -r | -static | --static | -Bstatic | --no-dynamic-linker) exec /usr/bin/ld "$@" ;;
    esac
done
# shellcheck disable=SC2086  # several words
exec /usr/bin/ld "$@" $LADING_LDFLAGS
