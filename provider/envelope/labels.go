package envelope

import (
	"bytes"
	"fmt"
	"slices"
)

// checkLabels refuses a COSE_Sign1 message with header labels of numbers that a notation signature does not use (signature
// specification, "COSE"; the numbers are IANA's). Some hold a whole message of their own, such as a countersignature (RFC
// 9338), which the decoder decodes without asking how much it holds.
func checkLabels(message []byte) error {
	rest, ok := bytes.CutPrefix(message, []byte{0xd2, 0x84}) // the only form that is decoded: tagged, of four parts
	if !ok {
		return ErrBroken
	}
	c := &cborCounter{rest: rest}
	major, length, err := c.head()
	if err != nil || major != 2 || length > uint64(len(c.rest)) {
		return fmt.Errorf("%w: its protected header is no byte string", ErrBroken)
	}
	protected := &cborCounter{rest: c.rest[:length]}
	c.rest = c.rest[length:]
	const algorithm, critical, contentType, x5chain = 1, 2, 3, 33
	if length > 0 {
		if err := protected.labels(algorithm, critical, contentType); err != nil {
			return err
		}
	}
	return c.labels(x5chain)
}

// labels reads a header, a map, whose labels are texts or one of these numbers.
func (c *cborCounter) labels(known ...uint64) error {
	major, pairs, err := c.head()
	if err != nil || major != 5 {
		return fmt.Errorf("%w: its header is no map", ErrBroken)
	}
	for ; pairs > 0; pairs-- {
		kind, label, err := c.head()
		switch {
		case err != nil:
			return err
		case kind == 3:
			err = c.skip(label, false)
		case kind != 0 || !slices.Contains(known, label):
			return fmt.Errorf("%w: a header that no notation signature has", ErrTooComplex)
		}
		if err != nil {
			return err
		}
		if err := c.items(1, 0); err != nil { // its value
			return err
		}
	}
	return nil
}
