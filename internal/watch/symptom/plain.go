package symptom

// lowerOf maps each byte to its lower case; ASCII only, so that lengths stay.
var lowerOf = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return t
}()

// lowered appends text in lower case to dst.
func lowered(dst, text []byte) []byte {
	dst = append(dst, text...)
	for i, c := range dst {
		dst[i] = lowerOf[c]
	}
	return dst
}

// plainly appends lower to dst as it would read without its wrapping: no backslashes or escapes of
// JSON, however often it was escaped, no quotation marks, no colours of a terminal, and one blank
// where there is any white space.
func plainly(dst, lower []byte) []byte {
	for i := 0; i < len(lower); {
		n, blank := wrapping(lower[i:])
		switch {
		case n == 0:
			dst = append(dst, lower[i])
			n = 1
		case blank && len(dst) > 0 && dst[len(dst)-1] != ' ':
			dst = append(dst, ' ')
		}
		i += n
	}
	return dst
}

// wrapping says how many bytes at the start of s are wrapping, and whether they stand for a blank.
func wrapping(s []byte) (n int, blank bool) {
	switch s[0] {
	case ' ', '\t', '\r', '\n':
		return 1, true
	case '\'', '"', '`':
		return 1, false
	case '\\':
		return escape(s)
	case 0x1b:
		return colour(s), false
	case 0xc2:
		if len(s) > 1 && s[1] == 0xa0 { // a blank that does not break, as Entra writes
			return 2, true
		}
	case 0xe2:
		if len(s) > 2 && s[1] == 0x80 {
			switch s[2] {
			case 0x98, 0x99, 0x9c, 0x9d: // quotation marks
				return 3, false
			case 0x8b: // a blank of no width, as Entra writes
				return 3, true
			}
		}
	}
	return 0, false
}

// escape measures backslashes and what they escape.
func escape(s []byte) (n int, blank bool) {
	for n < len(s) && s[n] == '\\' {
		n++
	}
	if n == len(s) {
		return n, false
	}
	switch rest := s[n:]; rest[0] {
	case 'n', 'r', 't':
		return n + 1, true
	case 'u':
		if len(rest) < 5 {
			return n, false
		}
		switch string(rest[1:5]) {
		case "0022", "0027", "0060", "2018", "2019", "201c", "201d":
			return n + 5, false
		case "0009", "000a", "000d", "00a0", "200b":
			return n + 5, true
		case "001b":
			return n + 4 + colour(rest[4:]), false
		}
	}
	return n, false
}

// longColour is more than any sequence that sets a colour has.
const longColour = 24

// colour measures a terminal's control sequence: s[0], which is ESC or stands for it, [, parameters
// and a letter.
func colour(s []byte) int {
	if len(s) < 2 || s[1] != '[' {
		return 1
	}
	for i := 2; i < min(len(s), longColour); i++ {
		if c := s[i]; (c < '0' || c > '9') && c != ';' {
			return i + 1
		}
	}
	return 2
}
