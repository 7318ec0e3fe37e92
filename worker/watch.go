package worker

import (
	"time"

	"unireg/storage"
	"unireg/workflows"
)

// Loop names what a worker does again and again beside its workflows.
type Loop string

// The loops.
const (
	LoopRelay        Loop = "relay"
	LoopReconcile    Loop = "reconcile"
	LoopApplications Loop = "applications"
	LoopImports      Loop = "imports"
	LoopExports      Loop = "exports"
	LoopRevocations  Loop = "revocations"
	LoopDeliveries   Loop = "deliveries"
	LoopOutbox       Loop = "outbox"
	LoopResets       Loop = "resets"
)

// ScanResult is what became of one scan.
type ScanResult string

// What becomes of scans.
const (
	ScanClean   ScanResult = "clean"
	ScanRefused ScanResult = "refused" // the scanner found something
	ScanFailed  ScanResult = "failed"  // nobody knows; the file waits on
)

// Watcher is told what a worker does, for the figures that operators read. It
// must not block.
type Watcher interface {
	workflows.Watcher
	// Round tells of one round of a loop, and whether it failed.
	Round(loop Loop, took time.Duration, err error)
	// Reconciled tells what one comparison of database and workflows mended.
	Reconciled(found Reconciliation)
	// Scanned tells what became of one attachment.
	Scanned(result ScanResult)
	// Carried tells what became of one letter that was tried.
	Carried(channel storage.Channel, outcome storage.LetterOutcome)
}

// observed is where a loop's figures go, nowhere if nobody watches.
type observed struct{ Watcher }

func (o observed) round(loop Loop, began time.Time, err error) {
	if o.Watcher != nil {
		o.Round(loop, time.Since(began), err)
	}
}

func (o observed) reconciled(found Reconciliation) {
	if o.Watcher != nil {
		o.Reconciled(found)
	}
}

func (o observed) scanned(result ScanResult) {
	if o.Watcher != nil {
		o.Scanned(result)
	}
}

func (o observed) carried(c storage.Carried) {
	if o.Watcher != nil {
		o.Carried(c.Channel, c.Outcome)
	}
}
