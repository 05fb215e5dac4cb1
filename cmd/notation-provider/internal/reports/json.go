package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// JSON prints the report as provider/README.md explains it.
func (r *Report) JSON(out io.Writer) error { return printable.JSON(out, r) }

// ErrVersion is a report of another version.
var ErrVersion = errors.New("it is a report of another version; make it again")

// Parse reads a report that [Report.JSON] printed.
func Parse(text []byte) (*Report, error) {
	var r Report
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("it is no report: %w; make one with report -o json", err)
	}
	if r.Version != Version {
		return nil, ErrVersion
	}
	return &r, nil
}
