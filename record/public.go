package record

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"unireg/record/codes"
	"unireg/record/form"
)

// DisclosureEdition is raised whenever more or less is disclosed, or is found and
// listed otherwise: lines that were written under an earlier edition are written
// anew.
const DisclosureEdition = 2

// disclosed names the fields of each kind that everybody may read, those of rows
// behind the name of their group. What is not named here is nobody's but the
// subject's and the staff's: a field that a kind gets later is not disclosed until
// somebody names it. No natural person is: no person's profile, no practitioner,
// no representative, agent, connected person, manager or winner by name. Attachments
// are not, nor texts in which whoever filed them may have named people, nor
// accounts. docs/decisions/disclosure.md has the reasons.
var disclosed = map[Kind][]string{
	OrganizationProfile: {
		"legal_name", "legal_code", "body_type", "roles", "enterprise_type", "founded_on", "industry", "region", "address",
		"registered_capital", "capital_currency", "licence_expires_on", "licence_long_term", "business_scope", "website",
	},
	PersonProfile: {},
	Qualification: {
		"certificate_no", "class", "issuer", "issuer_level", "issued_on", "expires_on", "long_term",
		"lines.major", "lines.grade", "lines.primary", "lines.approved_on", "lines.scope",
	},
	Performance: {
		"project_name", "project_code", "section_code", "owner_name", "owner_code", "contract_class", "consortium", "region",
		"members.name", "members.unit", "members.role",
		"award_amount", "contract_amount", "currency", "awarded_on", "signed_on", "started_on", "completed_on", "accepted_on",
		"structure", "area", "height", "floors", "span", "scale_other",
	},
	Practitioner: {},
	Award:        {"name", "level", "rank", "granted_by", "granted_on", "project_name", "document_title", "document_no"},
}

// Disclosed reports whether everybody may read of records of the kind, one by one.
// Practitioners are counted only: see Registered.
func (k Kind) Disclosed() bool { return len(disclosed[k]) > 0 }

// DisclosedKinds lists the kinds that are disclosed, in the order of the
// navigation.
func DisclosedKinds() []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return !k.Disclosed() })
}

// Discloses reports whether everybody may read the field of that name: group.field
// for a field of rows, whichever row it is in.
func Discloses(k Kind, name string) bool { return slices.Contains(disclosed[k], name) }

// Public is what everybody may read of a document, as the form encodes it.
func Public(k Kind, d Document) map[string]any {
	content := map[string]any{}
	for name, value := range d.Form(time.Time{}).Encode() {
		rows, repeats := value.([]any)
		switch {
		case Discloses(k, name):
			content[name] = value
		case repeats:
			if public := publicRows(k, name, rows); len(public) > 0 {
				content[name] = public
			}
		}
	}
	return content
}

// publicRows are the disclosed fields of the rows of a group, nil where the group
// has none.
func publicRows(k Kind, group string, rows []any) []any {
	if !slices.ContainsFunc(disclosed[k], func(name string) bool { return strings.HasPrefix(name, group+".") }) {
		return nil
	}
	var public []any
	for _, row := range rows {
		fields, ok := row.(map[string]any)
		if !ok {
			continue
		}
		kept := map[string]any{"id": fields["id"]}
		for name, value := range fields {
			if Discloses(k, group+"."+name) {
				kept[name] = value
			}
		}
		public = append(public, kept)
	}
	return public
}

// ParsePublic reads what Public gave, of this or an earlier release: a document in
// which nothing else is filled. A field that is not disclosed any more is not read.
func ParsePublic(k Kind, content map[string]any) (Document, error) {
	definition, ok := DefinitionOf(k)
	if !ok {
		return nil, fmt.Errorf("parse public content of unknown kind %q", k)
	}
	d := definition.New()
	if err := d.Form(time.Time{}).Decode(content); err != nil {
		return nil, fmt.Errorf("parse public content of %s: %w", k, err)
	}
	again := definition.New()
	if err := again.Form(time.Time{}).Decode(Public(k, d)); err != nil {
		return nil, fmt.Errorf("parse public content of %s: %w", k, err)
	}
	return again, nil
}

// PublicForm is the form of a document with nothing in it but what is disclosed.
// Rows are whole: of a document that ParsePublic read, their other fields are empty.
func PublicForm(k Kind, d Document) form.Form {
	var public form.Form
	for _, section := range d.Form(time.Time{}) {
		section.Fields = slices.DeleteFunc(slices.Clone(section.Fields), func(f *form.Field) bool {
			return !Discloses(k, f.Name) && !slices.ContainsFunc(disclosed[k], func(name string) bool { return strings.HasPrefix(name, f.Name+".") })
		})
		if len(section.Fields) > 0 {
			public = append(public, section)
		}
	}
	return public
}

// PublicChanges are the labels of what everybody may read and is not the same in
// two versions, each once and in the order of the form; of rows that of their
// group.
func PublicChanges(k Kind, before, after Document) ([]string, error) {
	var versions [2]Document
	for i, d := range []Document{before, after} {
		var err error
		if versions[i], err = ParsePublic(k, Public(k, d)); err != nil {
			return nil, err
		}
	}
	fields := PublicForm(k, versions[1])
	labels := []string{}
	for _, change := range form.Diff(PublicForm(k, versions[0]), fields) {
		label := change.Field.Label
		if group, _, of := strings.Cut(change.Field.Name, "."); of {
			label = fields.Field(group).Label
		}
		if change.Changed && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	return labels, nil
}

// PublicColumns are the headings of a public list of the kind, beside title, unit
// and state.
func PublicColumns(k Kind) []string {
	if k == OrganizationProfile {
		return []string{"统一社会信用代码", "注册地", "主体角色"}
	}
	return definitions[k].Columns
}

// PublicLine is what a public list shows of a document and finds it by. It is made
// of what is disclosed and of nothing else.
type PublicLine struct {
	Title   string
	Cells   []string  // one for each of PublicColumns
	Find    []string  // further texts that a search looks through
	Tags    []string  // of a qualification: see QualificationTag
	Expires form.Date // last day on which it counts; "" for ever
	// Of an organization.
	Region string // six digits
	Roles  []string
}

// PublicLineOf returns the line of a document of a kind that is disclosed.
func PublicLineOf(k Kind, d Document) (PublicLine, error) {
	public, err := ParsePublic(k, Public(k, d))
	if err != nil {
		return PublicLine{}, err
	}
	if unit, ok := public.(*OrganizationDocument); ok {
		return unit.publicLine(), nil
	}
	line := PublicLine{Title: public.Title()}
	if listed, ok := public.(Listed); ok {
		l := listed.Listing()
		line.Cells, line.Find, line.Expires = l.Cells, l.Find, l.Expires
	}
	if q, ok := public.(*QualificationDocument); ok {
		line.Tags = q.tags()
	}
	return line, nil
}

func (d *OrganizationDocument) publicLine() PublicLine {
	line := PublicLine{Title: d.LegalName, Region: d.Region.Code, Expires: d.LicenceExpires}
	var roles []string
	for _, role := range d.Roles {
		line.Roles, roles = append(line.Roles, role.Code), append(roles, role.Name)
	}
	if d.LicenceLongTerm {
		line.Expires = ""
	}
	line.Cells = []string{d.LegalCode, d.Region.Name, joined(roles)}
	return line
}

// QualificationTag is by what qualifications are narrowed: what has a line of the
// class, series or major of that code, of that grade. Either may be "" for any.
func QualificationTag(code, grade string) string {
	if grade == "" {
		return code
	}
	return code + "/" + grade
}

// tags are all of the tags that the lines answer to.
func (d *QualificationDocument) tags() []string {
	var all []string
	for _, line := range d.Lines {
		above := []string{""}
		for _, entry := range codes.QualificationMajors.Path(line.Major.Code) {
			above = append(above, entry.Code)
		}
		for _, code := range above {
			all = append(all, QualificationTag(code, line.Grade.Code))
			if code != "" {
				all = append(all, code)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Registered is a professional registration that somebody at a unit holds: which,
// and through which day; "" for ever. It does not say who.
type Registered struct {
	Type  string // a code of ProfessionalRegistrationTypes
	Until form.Date
}

// RegisteredOf lists what a practitioner holds, each type once, through the last of
// its days. Certificates that do not count are left out. Of other documents there
// is nothing.
func RegisteredOf(d Document) []Registered {
	person, ok := d.(*PractitionerDocument)
	if !ok {
		return nil
	}
	var all []Registered
	for _, r := range person.Registrations {
		if r.Type.Code == "" || r.Status.Code != codes.CertificateValid {
			continue
		}
		until := r.ExpiresOn
		for _, major := range r.Majors {
			if until.Before(major.Until) || until == "" {
				until = major.Until
			}
		}
		i := slices.IndexFunc(all, func(known Registered) bool { return known.Type == r.Type.Code })
		switch {
		case i < 0:
			all = append(all, Registered{Type: r.Type.Code, Until: until})
		case all[i].Until.Before(until):
			all[i].Until = until
		}
	}
	return all
}

// PublicNamed is the heading of the title in a public list of the kind.
func PublicNamed(k Kind) string {
	if k == OrganizationProfile {
		return "单位全称"
	}
	return definitions[k].Named
}
