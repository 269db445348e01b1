# Sourced by every command: makes .venv hold what uv.lock says, with the groups named in "$@", and takes us to the checkout.
# Needs Python 3.11 or later and, the first time, a package index; nothing else.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

# What PDFs are drawn with comes in no wheel. Without it all works but PDFs, which then answer why.
drawing() {
    local found='import ctypes.util, sys; sys.exit(ctypes.util.find_library("pangoft2-1.0") is None)'
    "$1" -c "$found" && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "· installing what PDFs are drawn with" >&2
        { apt-get -q -o Acquire::http::Timeout=10 update &&
            DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::http::Timeout=10 install -y --no-install-recommends \
                libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; } >/dev/null 2>&1 && return
    fi
    echo "· no PDFs: install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 to have them" >&2
}

boot() {
    local python uv group options=(--quiet --frozen --inexact) begun beat
    begun=${EPOCHREALTIME/,/.}
    python=$(command -v python3) || { echo "cannot run: python3 is missing; install Python 3.11 or later" >&2; exit 2; }
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        { echo "cannot run: $python is older than Python 3.11" >&2; exit 2; }
    # Inexact: what another command installed stays, or each would undo the other. An interpreter is named only when there
    # is no .venv: uv replaces one made with another path to the same Python, under the feet of whoever runs from it.
    [ -x .venv/bin/python ] || options+=(--python "$python")
    for group in "$@"; do options+=(--group "$group"); done

    echo "· installing what uv.lock names" >&2
    # Waits by reading where nothing comes: a `sleep` would outlive the loop and keep a caller's pipe open.
    (while kill -0 $$ 2>/dev/null; do read -rt 5 <> <(:) || echo "… installing" >&2; done) &
    beat=$!
    uv=$(command -v uv || true)
    if [ -z "$uv" ]; then
        uv=.local/boot/bin/uv
        if [ ! -x "$uv" ]; then
            mkdir -p .local
            { "$python" -m venv .local/boot && .local/boot/bin/pip install --quiet uv; } >&2 ||
                { kill "$beat"; echo "cannot run: uv could not be installed into .local/boot" >&2; exit 2; }
        fi
    fi
    env -u UV_PROJECT_ENVIRONMENT -u UV_PYTHON -u VIRTUAL_ENV UV_PYTHON_DOWNLOADS=never \
        "$uv" sync "${options[@]}" >&2 ||
        { kill "$beat"; echo "cannot run: uv sync failed; is a package index reachable?" >&2; exit 2; }
    drawing "$python"
    kill "$beat"
    wait "$beat" 2>/dev/null
    SETUP_SECONDS=$("$python" -c 'import sys; print(round(float(sys.argv[2]) - float(sys.argv[1]), 3))' \
        "$begun" "${EPOCHREALTIME/,/.}")
    export SHALA_UV="$uv"
}
