package web

import (
	"net/http"
	"strconv"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// showHistory is 变更历史总览: the versions of 基本信息, newest first, each with
// what became of it.
func showHistory(s *Server, v *visit) error {
	profile, err := s.profile(v.ctx, v.subject)
	if err != nil {
		return err
	}
	m := view.HistoryModel{Then: thenForm("/history/at")}
	if profile.record != nil {
		versions, err := s.Store.Versions(v.ctx, v.subject.ID, profile.record.ID)
		if err != nil {
			return err
		}
		if m.Versions, err = s.rowsOfVersions(v, *profile.record, versions, v.subject); err != nil {
			return err
		}
		events, err := s.Store.Events(v.ctx, profile.record.ID)
		if err != nil {
			return err
		}
		m.Confirmed = confirmedRows(profile.record.ID, events)
		covered, err := s.Store.Covered(v.ctx, v.subject.ID)
		if err != nil {
			return err
		}
		if covered {
			m.ProofHref = "/history/proof"
		}
	}
	p, err := v.portal("变更历史总览")
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.HistoryPage(p, m))
}

// rowsOfVersions are the lines of a history, with who of the subject filed each.
func (s *Server) rowsOfVersions(v *visit, r record.Record, versions []storage.VersionSummary, subject record.Subject) ([]view.VersionRow, error) {
	members, err := s.Store.MemberNames(v.ctx, subject.ID)
	if err != nil {
		return nil, err
	}
	rows := make([]view.VersionRow, 0, len(versions))
	for _, version := range versions {
		rows = append(rows, view.VersionRow{
			No: version.No, At: version.AcceptedAt, Reason: reasonOf(v, version.No, version.Reason),
			By:        filer(v, subject, memberOf(members, version.Account, version.Assurance)),
			Assurance: view.Assurance(version.Assurance), State: versionTag(r, version),
			Href: "/records/" + string(r.ID) + "/versions/" + strconv.Itoa(version.No),
		})
	}
	return rows, nil
}

// filer is who filed something: the subject and, where it is known, its member.
func filer(v *visit, subject record.Subject, member string) string {
	if member == "" {
		return subject.Name
	}
	return v.tr("%s（%s）", subject.Name, member)
}

// filedBy is filer for a version.
func (s *Server) filedBy(v *visit, version storage.Version) (string, error) {
	members, err := s.Store.MemberNames(v.ctx, v.subject.ID)
	return filer(v, v.subject, memberOf(members, version.Account, version.Assurance)), err
}

// reasonOf is what the history shows as the reason of a version.
func reasonOf(v *visit, no int, reason string) string {
	switch {
	case reason != "":
		return reason
	case no == 1:
		return v.tr("首次登记")
	}
	return v.tr("补正后重新提交")
}

// versionTag says what a version is worth.
func versionTag(r record.Record, v storage.VersionSummary) view.Tag {
	switch {
	case v.No == r.InForce && v.No == r.Submitted:
		return view.Tag{Text: "现行有效，重新审核中", Tone: view.Info}
	case v.No == r.InForce && r.State.Standing == record.Voided:
		return view.Tag{Text: "已作废", Tone: view.Bad}
	case v.No == r.InForce:
		return view.Tag{Text: "现行有效", Tone: view.Good}
	case v.No == r.Submitted:
		return stateTag(r.State)
	case v.Since.IsZero():
		return view.Tag{Text: "未生效"}
	}
	return view.Tag{Text: "已被替代"}
}

// showVersion is the content of a version, and what it changed against the one
// that counted before it, or against the one that ?against= names.
func showVersion(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	no := number(v.Params("no"))
	if no == 0 {
		return errNoPage
	}
	found, err := s.Store.Record(v.ctx, v.subject.ID, id)
	if err != nil {
		return err
	}
	v.kind = found.Kind
	version, err := s.Store.Version(v.ctx, v.subject.ID, id, no)
	if err != nil {
		return err
	}
	m := view.VersionModel{
		RecordID: string(id), Heading: found.Kind.Label(), Back: versionsPath(found), No: no, InForce: no == found.InForce && found.State.Standing == record.InForce, At: version.AcceptedAt,
		Assurance: view.Assurance(version.Assurance), Reason: version.Reason, SHA256: version.SHA256,
		Form: version.Document.Form(today()), Signature: s.signatureCheck(v.ctx, version),
	}
	if m.By, err = s.filedBy(v, version); err != nil {
		return err
	}
	versions, err := s.Store.Versions(v.ctx, v.subject.ID, id)
	if err != nil {
		return err
	}
	m.Before = versionBefore(versions, no)
	if against := number(v.Query("against")); against > 0 && against != no {
		m.Before = against
	}
	for _, other := range versions {
		if other.No != no {
			m.Others = append(m.Others, other.No)
		}
	}
	if m.Before > 0 {
		before, err := s.Store.Version(v.ctx, v.subject.ID, id, m.Before)
		if err != nil {
			return err
		}
		m.Changes = form.Diff(before.Document.Form(today()), m.Form)
	}
	if m.Files, err = s.fileStates(v.ctx, v.subject.ID, id); err != nil {
		return err
	}
	p, err := v.portal(v.tr("%s 第 %d 版", v.shown(m.Heading), no))
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.VersionPage(p, m))
}

// versionsPath leads back to where a record's versions are listed.
func versionsPath(r record.Record) view.Link {
	if r.Kind.Profile() {
		return view.Link{Href: "/history", Text: "变更历史总览"}
	}
	return view.Link{Href: "/records/" + string(r.ID), Text: r.Title}
}

// versionBefore is the version to compare with: the latest earlier one that
// took effect, else the one just before; 0 for a first version. versions are
// newest first.
func versionBefore(versions []storage.VersionSummary, no int) int {
	for _, v := range versions {
		if v.No < no && !v.Since.IsZero() {
			return v.No
		}
	}
	return no - 1
}
