#!/bin/bash
# The linker as compilers in the sandbox find it (by COMPILER_PATH). What it links dynamically
# gets the store's own interpreter and search path, since nothing is at the usual places in an
# image. A later -dynamic-linker wins over the compiler's; for shared objects ld ignores it.
for argument; do
    case $argument in
    -r | -static | --static | -Bstatic | --no-dynamic-linker) exec /usr/bin/ld "$@" ;;
    esac
done
# shellcheck disable=SC2086  # several words
exec /usr/bin/ld "$@" $LADING_LDFLAGS
