package web

import (
	"context"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
	"unireg/workflows"
)

// ProcessFinder tells which processes are running, for links to Temporal Web.
// Pages show everything else without it.
type ProcessFinder interface {
	// Processes returns those of the candidates that are running.
	Processes(ctx context.Context, candidates []workflows.Process) ([]workflows.Process, error)
	// ProcessURL is the page about a running one in Temporal Web at that base URL.
	ProcessURL(base string, p workflows.Process) string
}

// processesShown bounds the processes of a kind that a subject's page names.
const processesShown = 20

// addProcesses adds the links to what is running for a subject.
func (s *Server) addProcesses(v *visit, id record.ID, o *view.SubjectOverviewModel) error {
	awaited, err := s.Store.AwaitingOf(v.ctx, id, processesShown)
	if err != nil {
		return err
	}
	running, away := s.running(v, candidates(id, awaited))
	if o.ProcessesAway = away; away {
		return nil
	}
	records, err := s.Store.RecordsByID(v.ctx, id, awaited.Records)
	if err != nil {
		return err
	}
	for _, p := range running {
		o.Processes = append(o.Processes, view.SubjectProcess{
			Text: processText(p, records), Since: p.StartedAt, Href: s.Processes.ProcessURL(s.TemporalUI, p),
		})
	}
	return nil
}

// candidates are the processes that may be running for a subject.
func candidates(id record.ID, a storage.Awaiting) []workflows.Process {
	var all []workflows.Process
	if a.Registration {
		all = append(all, workflows.Process{Kind: workflows.ProcessRegistration, ID: id})
	}
	for _, of := range []struct {
		kind workflows.ProcessKind
		ids  []record.ID
	}{
		{workflows.ProcessRecord, a.Records},
		{workflows.ProcessApplication, a.Applications},
		{workflows.ProcessImport, a.Imports},
		{workflows.ProcessExport, a.Exports},
	} {
		for _, id := range of.ids {
			all = append(all, workflows.Process{Kind: of.kind, ID: id})
		}
	}
	return all
}

// running asks which of the candidates are running; away tells that nobody
// answered in time.
func (s *Server) running(v *visit, asked []workflows.Process) (found []workflows.Process, away bool) {
	ctx, cancel := v.soon()
	defer cancel()
	found, err := s.Processes.Processes(ctx, asked)
	if err != nil {
		v.log.WarnContext(v.ctx, "the engine did not say what is running", "error", err)
		return nil, true
	}
	return found, false
}

// processText says what a process looks after.
func processText(p workflows.Process, records map[record.ID]record.Record) string {
	switch p.Kind {
	case workflows.ProcessRegistration:
		return "注册：等待基本信息生效"
	case workflows.ProcessApplication:
		return "CA 申请"
	case workflows.ProcessImport:
		return "批量导入"
	case workflows.ProcessExport:
		return "数据导出"
	case workflows.ProcessRecord:
	}
	r := records[p.ID]
	if r.Kind.Profile() {
		return r.Kind.Label() + "：" + r.State.Label()
	}
	return r.Kind.Label() + " " + r.Title + "：" + r.State.Label()
}

// addProcess adds the link to the process of a record that is under way.
func (s *Server) addProcess(v *visit, r record.Record, m *view.StaffRecordModel) {
	if s.Processes == nil || s.TemporalUI == "" || r.State.AtRest() {
		return
	}
	found, away := s.running(v, []workflows.Process{{Kind: workflows.ProcessRecord, ID: r.ID}})
	m.ProcessAway = away
	for _, p := range found {
		m.ProcessHref = s.Processes.ProcessURL(s.TemporalUI, p)
	}
}
