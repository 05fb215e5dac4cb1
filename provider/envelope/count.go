package envelope

import (
	"encoding/binary"
	"fmt"
)

// countJSON counts the values of a JSON text by the marks that separate them. Whether the text is JSON, its decoder says.
func countJSON(text []byte) error {
	values, depth := 0, 0
	for inString, i := false, 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			values++
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ',' || c == ':':
			values++
		}
		if values > maxValues || depth > maxDepth {
			return ErrTooComplex
		}
	}
	return nil
}

// countCBOR counts the data items of a COSE_Sign1 message (RFC 8949 section 3, RFC 9052 section 4.2), and those of its
// protected header, which is CBOR in a byte string.
func countCBOR(message []byte) error {
	c := &cborCounter{rest: message}
	if err := c.items(1, 0); err != nil {
		return err
	}
	if len(c.rest) > 0 {
		return fmt.Errorf("%w: there is something behind it", ErrBroken)
	}
	if c.first == nil {
		return nil
	}
	c.rest = c.first
	return c.items(1, 0)
}

type cborCounter struct {
	rest  []byte
	count int
	first []byte // the first byte string, which is the protected header
}

// items counts so many data items. Indefinite lengths are refused, as COSE decoders refuse them.
func (c *cborCounter) items(number uint64, depth int) error {
	if depth > maxDepth {
		return ErrTooComplex
	}
	for ; number > 0; number-- {
		if c.count++; c.count > maxValues {
			return ErrTooComplex
		}
		major, argument, err := c.head()
		if err != nil {
			return err
		}
		switch major {
		case 2, 3: // byte string, text string
			err = c.skip(argument, major == 2)
		case 4: // array
			err = c.items(argument, depth+1)
		case 5: // map
			err = c.items(min(argument, maxValues)*2, depth+1)
		case 6: // tag
			err = c.items(1, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// head reads the major type and the argument of a data item.
func (c *cborCounter) head() (major byte, argument uint64, err error) {
	if len(c.rest) == 0 {
		return 0, 0, fmt.Errorf("%w: it ends too soon", ErrBroken)
	}
	major, low := c.rest[0]>>5, c.rest[0]&0x1f
	c.rest = c.rest[1:]
	if low < 24 {
		return major, uint64(low), nil
	}
	if low > 27 {
		return 0, 0, fmt.Errorf("%w: it has an item of indefinite length", ErrBroken)
	}
	width := 1 << (low - 24)
	if len(c.rest) < width {
		return 0, 0, fmt.Errorf("%w: it ends too soon", ErrBroken)
	}
	var padded [8]byte
	copy(padded[8-width:], c.rest)
	c.rest = c.rest[width:]
	return major, binary.BigEndian.Uint64(padded[:]), nil
}

func (c *cborCounter) skip(length uint64, isBytes bool) error {
	if length > uint64(len(c.rest)) {
		return fmt.Errorf("%w: it ends too soon", ErrBroken)
	}
	if isBytes && c.first == nil && length > 0 {
		c.first = c.rest[:length]
	}
	c.rest = c.rest[length:]
	return nil
}

// countBER counts the elements of a timestamp token (X.690 section 8.1). Whether it is one, its decoder says.
func countBER(token []byte) error {
	var ends [maxDepth]int // of the constructed elements around, by depth
	elements, depth := 0, 0
	for at := 0; at < len(token); {
		for depth > 0 && at >= ends[depth-1] {
			depth--
		}
		constructed, contents, length, ok := berHead(token, at)
		if !ok {
			return nil // the decoder finds the same
		}
		if elements++; elements > maxElements {
			return ErrTooComplex
		}
		at = contents + length
		if constructed {
			if depth == maxDepth {
				return ErrTooComplex
			}
			ends[depth], at = contents+length, contents
			depth++
		}
	}
	return nil
}

// berHead reads the identifier and the length of an element; not ok if it does not fit.
func berHead(token []byte, at int) (constructed bool, contents, length int, ok bool) {
	constructed = token[at]&0x20 != 0
	if token[at]&0x1f == 0x1f { // a tag of several bytes
		for at++; at < len(token) && token[at]&0x80 != 0; at++ {
			continue
		}
	}
	if at++; at >= len(token) {
		return false, 0, 0, false
	}
	length = int(token[at])
	if at++; length >= 0x80 {
		width := length & 0x7f
		if width == 0 || width > 4 || at+width > len(token) {
			return false, 0, 0, false
		}
		length = 0
		for _, b := range token[at : at+width] {
			length = length<<8 | int(b)
		}
		at += width
	}
	return constructed, at, length, length <= len(token)-at
}
