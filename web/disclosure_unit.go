package web

import (
	"strconv"

	"unireg/record"
	"unireg/record/codes"
	"unireg/storage"
	"unireg/web/view"
)

// showDisclosedUnit is all that everybody may read of a unit.
func showDisclosedUnit(s *Server, v *visit) error {
	if err := v.disclosing("page", openPages); err != nil {
		return err
	}
	typed := v.Params("code")
	code := record.NormalizeCode(typed)
	if record.CreditCodeProblem(code) != "" {
		return errNoPage
	}
	if code != typed {
		return v.see(disclosedPath(code))
	}
	unit, err := s.Store.DisclosedUnit(v.ctx, code)
	if err != nil {
		return err
	}
	m := view.DisclosedUnitModel{
		Name: unit.Profile.Unit, Code: code, State: disclosedTag(unit.Profile), Version: unit.Profile.Version, Since: unit.Profile.Since,
		Profile: record.PublicForm(record.OrganizationProfile, unit.Profile.Document),
	}
	for _, kind := range record.DisclosedKinds() {
		if kind.Profile() {
			continue
		}
		part := view.DisclosedPart{Name: string(kind), Label: kind.Label(), Count: unit.Counts[kind]}
		for _, line := range unit.Lines[kind] {
			part.Items = append(part.Items, disclosedItem(line))
		}
		if part.Count > len(part.Items) {
			part.MoreHref = disclosurePath("/disclosure", storage.DisclosureQuery{Kind: kind, Unit: code})
		}
		m.Parts = append(m.Parts, part)
	}
	for _, people := range unit.People {
		if entry, ok := codes.ProfessionalRegistrationTypes.Lookup(people.Type); ok {
			m.People = append(m.People, view.Fact{Name: entry.Name, Text: strconv.Itoa(people.Count)})
		}
	}
	for _, change := range unit.Changes {
		m.Changes = append(m.Changes, v.disclosedChange(change))
	}
	return v.renderOpen(view.DisclosedUnitPage(v.page(v.tr("%s 的公示信息", unit.Profile.Unit)), m))
}

func disclosedItem(line storage.Disclosure) view.DisclosedItem {
	item := view.DisclosedItem{Title: line.Title, State: disclosedTag(line), Since: line.Since, Form: record.PublicForm(line.Kind, line.Document)}
	if line.Standing == record.Voided {
		item.Voided = line.ChangedAt
	}
	return item
}
