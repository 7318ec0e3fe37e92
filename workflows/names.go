// Package workflows holds what waits: the order of things, timers, retries. A
// workflow knows that a record is under review and when to remind; it knows no
// contents, no rules and no SQL. Whether a move is legal is the word of the
// lifecycle table inside the store's transaction, and the instants come with the
// answers of the activities, so that no edit of a rule or of the calendar breaks
// the replay of a workflow that waits.
//
// Client is the portal's only door to Temporal. What it carries is ids and enum
// names.
package workflows

import (
	"unireg/activities"
	"unireg/record"
)

// TaskQueue is the queue that every worker of the product serves.
const TaskQueue = "unireg"

// CAQueue is the queue of the activities that call the CA company: however long
// it lets them hang, they hold up nothing else.
const CAQueue = "unireg-ca"

// Names by which other parties reach a workflow. Running workflows know them:
// they change only with a version of the workflow.
const (
	// UpdateRing tells a record's Lifecycle that a command was accepted, and
	// waits for its outcome. Its argument and its id are the command's id.
	UpdateRing = "ring"
	// SignalReplan tells a Lifecycle that policy or calendar changed.
	SignalReplan = "replan"
	// SignalProfileInForce tells a Registration that it reached its end.
	SignalProfileInForce = "profile-in-force"
	// SignalCallback tells a CAApplication that its inbox holds something. It
	// carries nothing.
	SignalCallback = "callback"
)

const (
	recordPrefix       = "record/"
	registrationPrefix = "registration/"
	sweepPrefix        = "sweep/"
	applicationPrefix  = "ca/"
	importPrefix       = "import/"
	exportPrefix       = "export/"
)

// LifecycleID is the workflow id of a record's Lifecycle. While something is
// awaited there is one run of it, at rest none.
func LifecycleID(id record.ID) string { return recordPrefix + string(id) }

// RegistrationID is the workflow id of a subject's Registration.
func RegistrationID(subject record.ID) string { return registrationPrefix + string(subject) }

// ApplicationID is the workflow id of an application to the CA company. While it
// is open there is one run of it.
func ApplicationID(id record.ID) string { return applicationPrefix + string(id) }

// ImportID is the workflow id of an import. From its confirmation to the last row
// there is one run of it.
func ImportID(id record.ID) string { return importPrefix + string(id) }

// ExportID is the workflow id of an export. From the request to the archive there is
// one run of it.
func ExportID(id record.ID) string { return exportPrefix + string(id) }

// SweepID is the id of the schedule of a chore, and begins those of its runs.
func SweepID(chore activities.Chore) string { return sweepPrefix + string(chore) }
