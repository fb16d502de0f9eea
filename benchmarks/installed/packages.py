"""Popular packages of Debian, in sets that can be installed together."""

from typing import Mapping, Tuple

_TOOLS = """
apt-utils aptitude apt-file bash-completion bc binutils bsdmainutils busybox bzip2
ca-certificates
cloud-init cpio cron curl debconf-utils debootstrap dialog dos2unix dpkg-dev ed etckeeper ethtool
eject fakeroot file ftp gawk gdb git gnupg htop info iotop iproute2 iputils-ping jq less logrotate
lsb-release lshw lsof lzop m4 mailcap man-db manpages mc media-types mercurial mtr-tiny
nano ncdu netcat-openbsd netcat-traditional net-tools nmap openssl parallel parted patch pciutils
pinentry-curses procps psmisc pv rsync rsyslog screen sharutils shellcheck socat sqlite3 strace
sudo sysstat tcpdump telnet time tmux traceroute tree unattended-upgrades unzip usbutils
uuid-runtime vim wget whiptail whois xxd zip zsh zstd
"""
_SERVERS = """
apache2 avahi-daemon bind9 chrony containerd dnsmasq dovecot-imapd etcd-server fail2ban haproxy
iptables krb5-kdc ldap-utils libvirt-daemon-system lighttpd lxc mariadb-server memcached mosquitto
nfs-kernel-server nginx openssh-server openvpn pgbouncer php-fpm podman postfix postgresql
prometheus-node-exporter proftpd-core rabbitmq-server redis-server rpcbind samba slapd snmpd squid
stunnel4 supervisor tor ufw unbound varnish wireguard-tools
"""
_SYSTEM = """
acl apparmor at attr autofs bluez btrfs-progs console-setup cryptsetup cups dbus dbus-x11
dosfstools e2fsprogs fontconfig fuse3 gvfs kbd keyboard-configuration kmod krb5-user libcap2-bin
libnss-ldapd libnss-mdns libnss-systemd libpam-cap libpam-ldapd libpam-modules libpam-runtime
libpam-systemd locales lvm2 mdadm network-manager nscd ntfs-3g polkitd quota smartmontools sssd
systemd systemd-resolved systemd-sysv systemd-timesyncd tpm2-tools tzdata udev upower winbind
wpasupplicant xfsprogs bsd-mailx exim4-daemon-light mutt
"""
_LANGUAGES = """
ant autoconf automake bison build-essential ca-certificates-java cargo clang cmake cython3
default-jdk-headless default-jre-headless doxygen elixir erlang-base flex g++ gcc gettext gfortran
golang-go guile-3.0 libapache2-mod-php libdbi-perl libjson-perl libtool libwww-perl llvm lua5.4
make maven meson nasm ninja-build nodejs perl php-cli php-curl php-gd php-mbstring
php-mysql php-xml pkg-config pylint python3 python3-dev python3-django python3-flask python3-numpy
python3-pip python3-psycopg2 python3-requests python3-setuptools python3-venv python3-yaml
r-base-core
ruby rustc swig tcl tk tomcat10 uwsgi valgrind yarnpkg
"""
_DESKTOP = """
adwaita-icon-theme aspell-en dconf-cli desktop-file-utils dictionaries-common emacs-nox
ffmpeg fonts-dejavu fonts-liberation fonts-noto-core ghostscript gnuplot-nox graphviz
gsettings-desktop-schemas gstreamer1.0-plugins-base hicolor-icon-theme hunspell-en-us imagemagick
libcairo2 libgdk-pixbuf-2.0-0 libgl1 libglib2.0-bin libgtk-3-0 libgtk-3-bin libgtk-4-1
libnotify-bin libpango-1.0-0 librsvg2-bin mesa-utils default-jre pavucontrol pipewire
poppler-utils pulseaudio qt6-qpa-plugins qtbase5-dev-tools sgml-base shared-mime-info
wamerican x11-utils xauth xdg-utils xfonts-base xml-core
xserver-xorg-core xterm
"""

#: By name.
SETS: Mapping[str, Tuple[str, ...]] = {
    "tools": tuple(_TOOLS.split()),
    "servers": tuple(_SERVERS.split()),
    "system": tuple(_SYSTEM.split()),
    "languages": tuple(_LANGUAGES.split()),
    "desktop": tuple(_DESKTOP.split()),
}
