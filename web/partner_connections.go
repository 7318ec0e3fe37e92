package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	contract "unireg/partner/wire"
	"unireg/record"
)

// mostAsked is how many organizations one question is about at most.
const mostAsked = 20

// askedCodes reads the organizations that a question is about. A code that is none,
// which the number of an identity document is, is refused by its place: it is said
// back to nobody.
func askedCodes(v *visit, least int) ([]string, error) {
	codes := strings.Split(strings.Clone(v.Query("subjects")), ",")
	if len(codes) < least || len(codes) > mostAsked || v.Query("subjects") == "" {
		return nil, &fault{http.StatusBadRequest, "subjects", fmt.Sprintf("subjects 须为 %d 至 %d 个统一社会信用代码，用逗号分隔", least, mostAsked)}
	}
	for i, code := range codes {
		switch {
		case record.CreditCodeProblem(code) != "":
			return nil, &fault{http.StatusBadRequest, "subjects_code", fmt.Sprintf("subjects 中第 %d 个不是统一社会信用代码；自然人不在此查询", i+1)}
		case slices.Contains(codes[:i], code):
			return nil, &fault{http.StatusBadRequest, "subjects_repeated", fmt.Sprintf("subjects 中第 %d 个与前面的重复", i+1)}
		}
	}
	return codes, nil
}

// tellConsortium says of several organizations at once whether they may bid, each
// as tellEligibility says it, all for one instant.
func (s *Server) tellConsortium(v *visit) error {
	at, err := askedInstant(v.Query("at"), time.Now())
	if err != nil {
		return err
	}
	codes, err := askedCodes(v, 1)
	if err != nil {
		return err
	}
	all, at, err := s.Store.EligibilityFactsOf(v.ctx, codes, at)
	if err != nil {
		return err
	}
	told := contract.Consortium{
		At: at, Subjects: []contract.Eligibility{}, Unknown: []string{}, AllEligible: contract.AllEligible{Paper: true, Electronic: true},
	}
	for _, one := range all {
		if !one.Known {
			told.Unknown = append(told.Unknown, one.Code)
			told.AllEligible = contract.AllEligible{}
			continue
		}
		answer := eligibilityTold(one.Code, at, one.Facts)
		told.Subjects = append(told.Subjects, answer)
		told.AllEligible.Paper = told.AllEligible.Paper && answer.Paper.Eligible
		told.AllEligible.Electronic = told.AllEligible.Electronic && answer.Electronic.Eligible
	}
	return v.json(http.StatusOK, told)
}

func eligibilityTold(code string, at time.Time, facts record.EligibilityFacts) contract.Eligibility {
	e := record.EligibilityOf(facts)
	return contract.Eligibility{
		Code: code, At: at,
		Paper:        contract.Answer{Eligible: e.Paper, Reasons: e.PaperReasons},
		Electronic:   contract.Answer{Eligible: e.Electronic, Reasons: e.ElectronicReasons},
		Confirmation: toldConfirmation(facts.Confirmation),
	}
}

// tellConnections says which of several organizations are connected with one
// another, and in which way: by what was in force at an instant, and without a word
// of who the people are.
func (s *Server) tellConnections(v *visit) error {
	at, err := askedInstant(v.Query("at"), time.Now())
	if err != nil {
		return err
	}
	codes, err := askedCodes(v, 2)
	if err != nil {
		return err
	}
	parties, at, err := s.Store.PartiesAt(v.ctx, codes, at)
	if err != nil {
		return err
	}
	told := contract.Connections{At: at, Pairs: []contract.ConnectedPair{}, Unknown: []string{}, NotInForce: []string{}}
	for i, first := range parties {
		switch {
		case !first.Known:
			told.Unknown = append(told.Unknown, first.Code)
			continue
		case first.Document == nil:
			told.NotInForce = append(told.NotInForce, first.Code)
			continue
		}
		for _, second := range parties[i+1:] {
			if second.Document == nil {
				continue
			}
			if found := record.ConnectionsOf(first.Document, second.Document); len(found) > 0 {
				told.Pairs = append(told.Pairs, contract.ConnectedPair{First: first.Code, Second: second.Code, Connections: toldConnections(found)})
			}
		}
	}
	return v.json(http.StatusOK, told)
}

func toldConnections(found []record.Connection) []contract.Connection {
	told := make([]contract.Connection, 0, len(found))
	for _, c := range found {
		told = append(told, contract.Connection{Kind: contract.ConnectionKind(c.Kind), First: terms(c.Here), Second: terms(c.There)})
	}
	return told
}

// toldMembers are the members of a consortium, nil where there was none.
func toldMembers(d *record.PerformanceDocument) *[]contract.ConsortiumMember {
	if len(d.Members) == 0 {
		return nil
	}
	told := make([]contract.ConsortiumMember, 0, len(d.Members))
	for _, m := range d.Members {
		told = append(told, contract.ConsortiumMember{Code: m.Unit.Code, Name: m.Name, Role: term(m.Role), Share: given(string(m.Share))})
	}
	return &told
}
