package containers

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

// The scripts need a shell with its builtins, and mkdir, mv and chown. Tokens travel on standard
// input: arguments and environment are for all to see.
const (
	// readScript prints "+name" and "=line" for each file there is of its arguments.
	readScript = `cd "$1" 2>/dev/null || exit 0
shift
for n; do
	[ -f "$n" ] || continue
	printf '+%s\n' "$n"
	while IFS= read -r l || [ -n "$l" ]; do printf '=%s\n' "$l"; done <"$n"
done`

	// writeScript takes the same lines and puts each file in its place at once. "!" ends it.
	writeScript = `umask 077
[ -d "$1" ] || mkdir -p "$1" || exit 1
[ -z "$2" ] || chown "$2" "$1" || exit 1
cd "$1" || exit 1
while IFS= read -r l; do
	case $l in
	+*) n=${l#+}; : >"$n.aztray-new" || exit 1 ;;
	=*) printf '%s\n' "${l#=}" >>"$n.aztray-new" || exit 1 ;;
	-) { [ -z "$2" ] || chown "$2" "$n.aztray-new"; } && mv -f "$n.aztray-new" "$n" || exit 1 ;;
	!) exit 0 ;;
	esac
done
exit 1`
)

// readExec reads the az directory through a shell inside, as user.
func (e *Engine) readExec(ctx context.Context, id, place string, user owner) (map[string][]byte, error) {
	args := []string{"/bin/sh", "-c", readScript, "aztray", place, markFile, cacheFile, profileFile, tokensFile}
	r, err := e.run(ctx, id, user, args, nil)
	if err != nil {
		return nil, err
	}
	texts, name := map[string][]byte{}, ""
	for l := range bytes.Lines(r.stdout) {
		switch {
		case l[0] == '+':
			name = strings.TrimSpace(string(l[1:]))
			texts[name] = []byte{}
		case l[0] == '=' && name != "":
			texts[name] = append(texts[name], l[1:]...)
		}
	}
	return texts, nil
}

// writeExec writes the files through a shell inside, as user, for the target's owner.
func (e *Engine) writeExec(ctx context.Context, id string, t target, files []file, user owner) error {
	var in bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&in, "+%s\n", f.name)
		for l := range bytes.Lines(f.text) {
			in.WriteByte('=')
			in.Write(l)
		}
		in.WriteString("-\n")
	}
	in.WriteString("!\n")
	chown := ""
	if user.uid != t.owner.uid {
		chown = fmt.Sprintf("%d:%d", t.owner.uid, t.owner.gid)
	}
	_, err := e.run(ctx, id, user, []string{"/bin/sh", "-c", writeScript, "aztray", t.place, chown}, in.Bytes())
	return err
}

// run gives an *execError where the command ran and failed, or where there is no shell.
func (e *Engine) run(ctx context.Context, id string, user owner, cmd []string, stdin []byte) (execResult, error) {
	r, err := e.api.exec(ctx, id, fmt.Sprintf("%d:%d", user.uid, user.gid), cmd, stdin)
	switch {
	case err != nil:
		return r, err
	case r.code == 126 || r.code == 127:
		return r, &execError{Unreachable, "Its az directory is in memory (tmpfs), which only a shell inside could write, and there is none; use a volume."}
	case r.code != 0:
		return r, &execError{Unwritable, "Its az directory is in memory (tmpfs) and its user can't write there; mount the tmpfs with mode=1777."}
	}
	return r, nil
}
