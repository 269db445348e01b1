# Sourced by every command: makes .venv hold what uv.lock says, with the groups named in "$@", and takes us to the checkout.
# Needs Python 3.11 or later and, the first time, a package index; nothing else.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

boot() {
    local python uv group groups=() begun beat
    begun=${EPOCHREALTIME/,/.}
    python=$(command -v python3) || { echo "cannot run: python3 is missing; install Python 3.11 or later" >&2; exit 2; }
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        { echo "cannot run: $python is older than Python 3.11" >&2; exit 2; }
    for group in "$@"; do groups+=(--group "$group"); done

    echo "· installing what uv.lock names" >&2
    (trap - INT TERM; while sleep 5 && kill -0 $$ 2>/dev/null; do echo "… installing" >&2; done) &
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
    # Inexact: what another command installed stays, or each would undo the other.
    env -u UV_PROJECT_ENVIRONMENT -u VIRTUAL_ENV UV_PYTHON_DOWNLOADS=never \
        "$uv" sync --quiet --frozen --inexact --python "$python" "${groups[@]}" >&2 ||
        { kill "$beat"; echo "cannot run: uv sync failed; is a package index reachable?" >&2; exit 2; }
    kill "$beat"
    wait "$beat" 2>/dev/null
    SETUP_SECONDS=$("$python" -c 'import sys; print(round(float(sys.argv[2]) - float(sys.argv[1]), 3))' \
        "$begun" "${EPOCHREALTIME/,/.}")
    export SHALA_UV="$uv"
}
