package record

import (
	"slices"

	"unireg/record/form"
)

// ConnectionKind says in which way two organizations are connected.
type ConnectionKind string

// The kinds of connection.
const (
	// SameRepresentative: 单位负责人为同一人, which 招标投标法实施条例 names first.
	SameRepresentative ConnectionKind = "same_representative"
	SharedPerson       ConnectionKind = "shared_person" // somebody is connected with both
	SharedUnit         ConnectionKind = "shared_unit"   // an organization is connected with both
	Affiliated         ConnectionKind = "affiliated"    // one is connected with the other itself
)

// ConnectionKinds lists them all, the closest first.
func ConnectionKinds() []ConnectionKind {
	return []ConnectionKind{SameRepresentative, Affiliated, SharedUnit, SharedPerson}
}

// Label is the connection in words.
func (k ConnectionKind) Label() string {
	switch k {
	case SameRepresentative:
		return "法定代表人为同一人"
	case SharedPerson:
		return "有相同的关联人"
	case SharedUnit:
		return "有相同的关联单位"
	case Affiliated:
		return "互为关联单位"
	}
	return ""
}

// Connection is one way in which an organization is connected with another.
type Connection struct {
	Kind ConnectionKind
	// Here and There say what the person or the organization in question is to
	// either: codes of codes.ConnectedRelations, RelationRepresentative, or
	// RelationSelf for the organization itself.
	Here, There []form.Choice
	// Shown names whoever connects the two, for staff alone; numbers of identity
	// documents are masked.
	Shown string
}

// What a person or an organization may be beside the relations that are filed.
const (
	RelationRepresentative = "representative"
	RelationSelf           = "self"
)

var (
	representative = form.Choice{Code: RelationRepresentative, Name: "法定代表人"}
	itself         = form.Choice{Code: RelationSelf, Name: "该单位本身"}
)

// tie is a person or an organization that an organization's document names, with
// all that it is to the organization.
type tie struct {
	identity  string
	natural   bool
	relations []form.Choice
	shown     string
}

func (t tie) is(relation string) bool {
	return slices.ContainsFunc(t.relations, func(r form.Choice) bool { return r.Code == relation })
}

// ties are the representative, the connected persons and the organization itself,
// each once. The agent is none: whoever hands papers in owns and manages nothing.
func (d *OrganizationDocument) ties() []tie {
	var all []tie
	add := func(t tie) {
		if t.identity == "" {
			return
		}
		i := slices.IndexFunc(all, func(known tie) bool { return known.identity == t.identity })
		if i < 0 {
			all = append(all, t)
			return
		}
		all[i].relations = append(all[i].relations, t.relations...)
	}
	r := &d.Representative
	add(tie{personIdentity(r.IDType, r.IDNumber), true, []form.Choice{representative}, r.Name + "（" + form.Mask(r.IDNumber) + "）"})
	for i := range d.Connected {
		c := &d.Connected[i]
		t := tie{identity: c.identity(), natural: c.natural(), relations: slices.Clone(c.Relations), shown: c.Name + "（" + c.Unit.Code + "）"}
		if t.natural {
			t.shown = c.Name + "（" + form.Mask(c.IDNumber) + "）"
		}
		add(t)
	}
	add(tie{identity: unitIdentity(d.LegalCode), relations: []form.Choice{itself}, shown: d.LegalName + "（" + d.LegalCode + "）"})
	return all
}

// ConnectionsOf lists how an organization is connected with another, as far as
// their documents say, the closest kind first. People are known again by the
// document that identifies them, never by their names; an organization is not
// connected with itself.
func ConnectionsOf(here, there *OrganizationDocument) []Connection {
	if here.LegalCode == there.LegalCode {
		return nil
	}
	others := there.ties()
	var all []Connection
	for _, t := range here.ties() {
		i := slices.IndexFunc(others, func(o tie) bool { return o.identity == t.identity })
		if i < 0 {
			continue
		}
		o := others[i]
		c := Connection{Kind: SharedUnit, Here: t.relations, There: o.relations, Shown: t.shown}
		switch {
		case t.is(RelationRepresentative) && o.is(RelationRepresentative):
			c.Kind = SameRepresentative
		case t.natural:
			c.Kind = SharedPerson
		case t.is(RelationSelf), o.is(RelationSelf):
			c.Kind = Affiliated
		}
		all = append(all, c)
	}
	kinds := ConnectionKinds()
	slices.SortStableFunc(all, func(a, b Connection) int { return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind) })
	return all
}

// ConnectedPeople are the numbers of the natural persons by whom an organization
// may be connected with another: its representative, and those whom it names.
func ConnectedPeople(d *OrganizationDocument) []string {
	all := []string{d.Representative.IDNumber}
	for i := range d.Connected {
		if c := &d.Connected[i]; c.natural() {
			all = append(all, c.IDNumber)
		}
	}
	return filled(all...)
}

// RelationNames are the names of relations, in one text.
func RelationNames(relations []form.Choice) string {
	names := make([]string, 0, len(relations))
	for _, r := range relations {
		names = append(names, r.Name)
	}
	return joined(names)
}
