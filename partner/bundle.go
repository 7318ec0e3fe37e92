package partner

import (
	"errors"

	"github.com/google/uuid"

	"unireg/partner/wire"
	"unireg/record"
)

// wireApplication is a bundle as the contract has it.
func wireApplication(b record.CABundle) (wire.Application, error) {
	reference, err := uuid.Parse(string(b.Reference))
	if err != nil {
		return wire.Application{}, errors.New("the reference is no UUID")
	}
	a := wire.Application{
		Reference: reference, Business: wire.ApplicationBusiness(b.Business), CertificateKind: wire.ApplicationCertificateKind(b.Kind),
		Medium: wire.ApplicationMedium(b.Medium), Years: b.Years, Pickup: wire.ApplicationPickup(b.Pickup), MailAddress: optional(b.MailAddress),
		Representative: wireParty(b.Representative), Agent: wireParty(b.Agent), AppliedAt: b.AppliedAt.UTC(),
	}
	a.Subject.Type, a.Subject.Name, a.Subject.Code = wire.ApplicationSubjectType(b.Type), b.Name, b.Code
	a.Subject.IdType, a.Subject.Region = optional(b.IDType), optional(b.Region)
	a.Subject.Address, a.Subject.Phone = optional(b.Address), optional(b.Phone)
	if b.Certificate != nil {
		a.Certificate = &struct {
			Issuer string `json:"issuer"`
			// Serial upper-case hex
			Serial string `json:"serial"`
		}{b.Certificate.Issuer, b.Certificate.Serial}
	}
	return a, nil
}

func wireParty(p record.Party) wire.Party {
	return wire.Party{
		Name: p.Name, IdType: optional(p.IDType), IdNumber: optional(p.IDNumber), Phone: optional(p.Phone), Email: optional(p.Email),
	}
}

// optional leaves an empty text away.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func given(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func acceptanceOf(a wire.Acceptance) record.Acceptance {
	acceptance := record.Acceptance{OrderNo: a.OrderNo, Papers: a.Papers}
	for _, c := range a.Counters {
		acceptance.Counters = append(acceptance.Counters, record.Counter{
			Name: c.Name, Address: c.Address, Hours: given(c.Hours), Phone: given(c.Phone),
		})
	}
	return acceptance
}
