# shellcheck shell=sh
# What tests/run needs of the machine: programs, and a docker daemon. As root on Debian 12 or 13 both come
# by themselves; elsewhere what is missing is named, before any long work.

# Some of what users have no use for is there.
PATH=$PATH:/usr/sbin:/sbin
export PATH

# A Debian package, and a program or file by which it is known.
NEEDED='
docker.io dockerd
docker-cli docker
docker-registry docker-registry
openssl openssl
podman podman
redis-tools redis-cli
runc runc
skopeo skopeo
uidmap newuidmap
gpg gpg
mmdebstrap mmdebstrap
mount mount
zstd zstd
binutils ld
bzip2 bzip2
gcc gcc
libc6-dev /usr/include/stdio.h
make make
patch patch
patchelf patchelf
python3 python3
unzip unzip
xz-utils xz
git git
shellcheck shellcheck
'

complain() {
    echo "tests/run: $1" >&2
    return 1
}

missing_packages() {
    echo "$NEEDED" | while read -r package known_by; do
        [ -z "$package" ] || [ -e "$known_by" ] || command -v "$known_by" > /dev/null ||
            printf ' %s' "$package"
    done
    # With it ./pants gets a Python 3.9 where there is none.
    python3 -c 'import ensurepip, venv' > /dev/null 2>&1 || printf ' %s' python3-venv
}

install_missing() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
        complain "what these Debian packages have is missing:$missing. Install it. As root on Debian, \
tests/run does so by itself."
        return
    fi
    echo "tests/run: installing$missing" >&2
    apt-get update -qq || complain "apt-get can't reach Debian's archive; see above." || return
    # Debian 12 has docker's client in docker.io.
    apt-cache show docker-cli > /dev/null 2>&1 ||
        missing=$(echo "$missing" | sed 's/docker-cli/docker.io/')
    # shellcheck disable=SC2086 # to be split
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing \
        > /dev/null || complain "apt-get could not install$missing; see above."
}

# Where no docker answers, one with nothing of the machine's own, and without a network, which needs
# iptables.
start_docker() {
    docker info > /dev/null 2>&1 && return
    if [ "$(id -u)" != 0 ]; then
        complain "no docker daemon answers. Start one, or set DOCKER_HOST to one. As root, tests/run \
starts its own."
        return
    fi
    docker_files=$(mktemp -d)
    export DOCKER_HOST="unix://$docker_files/docker.sock"
    dockerd --host="$DOCKER_HOST" --data-root="$docker_files/data" \
        --exec-root="$docker_files/exec" --pidfile="$docker_files/docker.pid" \
        --iptables=false --bridge=none --default-ulimit nofile=1024:1024 \
        > "$docker_files/dockerd.log" 2>&1 &
    dockerd=$!
    tries=60
    while ! docker info > /dev/null 2>&1; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ] || ! kill -0 "$dockerd" 2> /dev/null; then
            cat "$docker_files/dockerd.log" >&2
            complain "the docker daemon that was started does not answer; its log is above."
            return
        fi
        sleep 1
    done
}

stop_docker() {
    [ -n "${dockerd:-}" ] || return 0
    kill "$dockerd" 2> /dev/null
    wait "$dockerd"
    # docker leaves the namespace of the host's network mounted.
    umount "$docker_files"/exec/netns/* 2> /dev/null
    rm -rf "$docker_files"
}
