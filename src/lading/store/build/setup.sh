# shellcheck shell=bash disable=SC2154,SC1091
# Runs inside the sandbox and builds: unpack, patch, then the package's script.
# Everything it uses comes from the build root. `lading.store.build.realise` sets the variables.
set -eo pipefail

# The current step: this file is read if the build fails.
lading_step() {
    printf '%s\n' "$1" >/build/.step
}

# Put the content of $1 into the new directory $2. If an archive has a single directory, as nearly
# all source archives do, the content of that directory is used.
unpack() {
    local archive=$1 target=$2
    mkdir /build/.unpack
    case $archive in
    *.tar | *.tar.* | *.tgz | *.tbz2 | *.txz | *.crate)
        tar -C /build/.unpack --no-same-owner -xf "$archive"
        ;;
    *.zip | *.whl | *.jar)
        unzip -q "$archive" -d /build/.unpack
        ;;
    *.deb)
        mkdir /build/.deb
        (cd /build/.deb && ar x "$archive")
        tar -C /build/.unpack --no-same-owner -xf /build/.deb/data.tar.*
        rm -r /build/.deb
        ;;
    *)
        cp -r --preserve=timestamps "$archive" /build/.unpack/
        ;;
    esac
    chmod -R u+rwX /build/.unpack
    mv "$(lading_top "$archive")" "$target"
    rm -rf /build/.unpack
}

# The unpacked directory whose content is used.
lading_top() {
    local entries
    shopt -s dotglob nullglob
    entries=(/build/.unpack/*)
    # A Debian package's top directory is the root of a file system, never a wrapper.
    if [ "${#entries[@]}" = 1 ] && [ -d "${entries[0]}" ] && [ ! -L "${entries[0]}" ] &&
        [[ $1 != *.deb ]]; then
        printf '%s\n' "${entries[0]}"
    else
        echo /build/.unpack
    fi
}

# A here-document without an end makes the rest of the script its text, and bash only warns about
# it. Nothing else can swallow the `;;` that is put after the script here, where it is not allowed.
if lading_warning=$({ cat /lading/script.sh && echo ';;'; } | bash -n 2>&1); then
    lading_step "\`script\` has a here-document that does not end: put the word that follows \`<<\` \
alone on a line after the last one, without spaces or tabs around it"
    printf '%s\n' "$lading_warning"
    exit 1
fi
unset lading_warning

if [ -n "$lading_source_archive" ]; then
    lading_step "\`source\`: ${lading_source_archive##*/} can't be unpacked"
    unpack "$lading_source_archive" "$src"
elif [ -n "$lading_source_tree" ]; then
    cp -r --preserve=timestamps "$lading_source_tree" "$src"
    chmod -R u+rwX "$src"
else
    mkdir "$src"
fi
cd "$src"

for lading_patch in /lading/patches/*; do
    [ -e "$lading_patch" ] || continue
    # After a number that gives the order.
    lading_name=${lading_patch##*/}
    lading_name=${lading_name#*-}
    lading_step "\`patches\`: $lading_name does not apply to the source"
    echo "applying $lading_name"
    # Like --batch, --force does not ask; but it does not revert patches that are already applied.
    patch -p1 --force --fuzz=0 --no-backup-if-mismatch <"$lading_patch"
done
unset lading_patch lading_name lading_source_archive lading_source_tree
lading_step "\`script\` failed"

# The build of a package without a script.
default_script() {
    if [ -x ./configure ]; then
        ./configure --prefix="$out"
    fi
    make -j"$JOBS"
    make install PREFIX="$out" prefix="$out"
}

. /lading/script.sh
