package record

// MarkKind names what a Mark is.
type MarkKind string

// The kinds of mark.
const (
	MarkPerson       MarkKind = "person"       // an identity number
	MarkCertificate  MarkKind = "certificate"  // the number of a 资质证书
	MarkRegistration MarkKind = "registration" // 注册编号
	MarkSafety       MarkKind = "safety"       // the number of a 安全生产考核证
	MarkProject      MarkKind = "project"      // name, owner and amount of a contract
)

// Label is the mark's name for the reviewer.
func (k MarkKind) Label() string {
	switch k {
	case MarkPerson:
		return "人员"
	case MarkCertificate:
		return "资质证书编号"
	case MarkRegistration:
		return "注册编号"
	case MarkSafety:
		return "安全生产考核证编号"
	case MarkProject:
		return "项目名称、建设单位和合同金额"
	}
	return ""
}

// Mark is something that filings about different things do not share. Two that
// do are no fault in themselves: a reviewer is told, with the evidence.
type Mark struct {
	Kind  MarkKind
	Value string // by which it is compared; may be sensitive
	Shown string // for the reviewer; sensitive numbers are masked
}

// marked is a document that can be a duplicate of another one.
type marked interface{ marks() []Mark }

// MarksOf returns the marks that a document bears, without those that are not
// filled; nil for kinds without.
func MarksOf(d Document) []Mark {
	m, ok := d.(marked)
	if !ok {
		return nil
	}
	var all []Mark
	for _, mark := range m.marks() {
		if mark.Value != "" {
			all = append(all, mark)
		}
	}
	return all
}
