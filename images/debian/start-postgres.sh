#!/bin/sh
# Makes a database cluster where there is none, for everybody who may connect (as the official image
# does with POSTGRES_HOST_AUTH_METHOD=trust), then becomes the server.
set -e
if [ ! -e "$PGDATA/PG_VERSION" ]; then
    initdb --auth=trust --encoding=UTF8 > /dev/null
    echo "host all all all trust" >> "$PGDATA/pg_hba.conf"
fi
exec "$@"
