package containers

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// demultiplex takes an exec's stream apart: frames of a stream number, three zeros, a big-endian
// length and the text.
func demultiplex(r io.Reader) (execResult, error) {
	var out [3]bytes.Buffer
	for br := bufio.NewReader(r); ; {
		var head [8]byte
		_, err := io.ReadFull(br, head[:])
		if err == io.EOF {
			return execResult{stdout: out[1].Bytes(), stderr: out[2].Bytes()}, nil
		}
		if err != nil {
			return execResult{}, err
		}
		n := int64(binary.BigEndian.Uint32(head[4:]))
		if head[0] > 2 || int64(out[head[0]].Len())+n > maxFile {
			return execResult{}, errors.New("the output of an exec is not what it should be")
		}
		if _, err := io.CopyN(&out[head[0]], br, n); err != nil {
			return execResult{}, err
		}
	}
}

// splitBind takes source:destination[:options] apart; a source may begin with a drive letter.
func splitBind(b string) (source, destination string, ok bool) {
	drive := ""
	if len(b) > 2 && b[1] == ':' && (b[2] == '\\' || b[2] == '/') {
		drive, b = b[:2], b[2:]
	}
	source, rest, ok := strings.Cut(b, ":")
	destination, _, _ = strings.Cut(rest, ":")
	return drive + source, destination, ok
}
