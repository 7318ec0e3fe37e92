package web

import (
	"fmt"
	"net/http"
	"net/url"

	"unireg/record"
	"unireg/record/form"
	"unireg/web/view"
)

const subjectsPage = 50

// filedOf names what was filed beside the subject: nothing for 基本信息, whose
// title is the subject's own name.
func filedOf(kind record.Kind, title string) string {
	if kind.Profile() {
		return ""
	}
	return title
}

// subjectOf is the name under which staff know a filing: of a first 基本信息 the
// one that was filed, which no subject bears yet.
func subjectOf(kind record.Kind, title string, subject record.Subject) string {
	if kind.Profile() {
		return title
	}
	return subject.Name
}

// shownCode is a subject's code as staff lists show it: an organization's is
// public, a person's document number is masked.
func shownCode(subject record.Subject) string {
	if subject.Type == record.Person {
		return form.Mask(subject.Code)
	}
	return subject.Code
}

func withQuery(path string, values url.Values) string {
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// span is a stretch of a list.
type span struct{ from, to int }

// paged cuts a list of that many into pages; page counts from 1 and is brought
// into range.
func paged(total, size, page int, address func(page int) string) (span, view.Pager) {
	pages := max(1, (total+size-1)/size)
	page = min(max(page, 1), pages)
	p := view.Pager{Page: page, Pages: pages, Total: total}
	if page > 1 {
		p.PrevHref = address(page - 1)
	}
	if page < pages {
		p.NextHref = address(page + 1)
	}
	return span{from: (page - 1) * size, to: min(page*size, total)}, p
}

// searchSubjects finds subjects by a part of their name, or by their whole code
// or document number.
func searchSubjects(s *Server, v *visit) error {
	m := view.SubjectsModel{Query: form.Clean(v.Query("q"))}
	m.Searched = m.Query != ""
	page := max(1, number(v.Query("page")))
	found, total, err := s.Store.SearchSubjects(v.ctx, m.Query, subjectsPage, (page-1)*subjectsPage)
	if err != nil {
		return err
	}
	_, m.Pager = paged(total, subjectsPage, page, func(n int) string {
		return withQuery("/staff/subjects", url.Values{"q": {m.Query}, "page": {fmt.Sprint(n)}})
	})
	for _, f := range found {
		row := view.SubjectRow{
			Name: f.Subject.Name, Code: shownCode(f.Subject), Type: f.Subject.Type.Label(), State: stateTag(f.Profile), Registered: f.Registered,
		}
		if f.Subject.Closed {
			row.State = view.Tag{Text: "注册已关闭", Tone: view.Bad}
		}
		row.Href = staffSubjectPath(f.Subject.ID)
		if f.Review != "" {
			row.ReviewHref = "/staff/reviews/" + string(f.Review)
		}
		m.Subjects = append(m.Subjects, row)
	}
	return v.render(http.StatusOK, view.SubjectsPage(v.page("单位库"), m))
}

// showStaffFile sends staff an attachment that was submitted.
func showStaffFile(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	file, err := s.Store.FileForStaff(v.ctx, id)
	if err != nil {
		return err
	}
	return s.sendFile(v, file)
}
