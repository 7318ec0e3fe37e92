package view

import "time"

// CheckpointRow is one signed checkpoint of the history.
type CheckpointRow struct {
	No     int64
	At     time.Time
	Chains int64  // histories that it covers
	Root   string // hexadecimal
	Key    string // id of the key that signed
	Href   string // of the signed text
}

// Short is the beginning of the root, by which two are told apart at a glance.
func (r CheckpointRow) Short() string { return r.Root[:min(len(r.Root), 16)] }

// CheckpointsModel is 历史存证, GET /staff/checkpoints.
type CheckpointsModel struct {
	Rows []CheckpointRow
	// ProvedAt is when the history was last compared with the checkpoints, of which
	// ProvedNo was the last; zero while it never was. Faults were found.
	ProvedAt time.Time
	ProvedNo int64
	Faults   int
}
