package web

import (
	"bytes"
	"io"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"unireg/record"
	"unireg/record/codes"
	"unireg/storage"
	"unireg/web/paper"
)

// printApplication prints 数字证书申请表. It shows numbers in full, so that each
// print is written into the subject's history first.
func printApplication(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	a, err := s.Store.Application(v.ctx, v.subject.ID, id)
	if err != nil {
		return err
	}
	bundle, err := s.Store.ApplicationBundle(v.ctx, v.subject.ID, id)
	if err != nil {
		return err
	}
	if err := s.Store.NotePaper(v.ctx, v.actor(), v.subject.ID, id); err != nil {
		return err
	}
	printed, err := paper.PrintApplication(s.paperOf(a, bundle, time.Now()))
	if err != nil {
		return err
	}
	v.audit("application printed", "account", string(v.account), "application", string(id))
	v.Set(fiber.HeaderContentType, "application/pdf")
	v.Set(fiber.HeaderContentDisposition, storage.ContentDisposition("数字证书申请表-"+a.Receipt+".pdf", true))
	return v.send(io.NopCloser(bytes.NewReader(printed)), int64(len(printed)))
}

// paperOf lays the frozen bundle out as sections.
func (s *Server) paperOf(a storage.Application, b record.CABundle, now time.Time) paper.Application {
	p := paper.Application{
		Site: s.Site.Name, Center: s.Site.Center, Receipt: a.Receipt, OrderNo: a.OrderNo, AcceptedAt: a.AcceptedAt, PrintedAt: now,
		Papers: a.Papers, Hotline: s.Site.Hotline, Person: b.Type == record.Person,
	}
	for _, c := range a.Counters {
		p.Counters = append(p.Counters, paper.Counter(c))
	}
	request := []paper.Field{{Label: "业务类型", Value: b.Business.Label()}, {Label: "证书类型", Value: b.Kind.Label()}, {Label: "介质", Value: "UKey"}}
	if businesses[b.Business].term {
		request = append(request, paper.Field{Label: "有效期", Value: strconv.Itoa(b.Years) + " 年"})
	}
	if businesses[b.Business].handed {
		request = append(request, paper.Field{Label: "领取方式", Value: record.PickupLabel(b.Pickup)})
	}
	if b.MailAddress != "" {
		request = append(request, paper.Field{Label: "邮寄地址", Value: b.MailAddress, Wide: true})
	}
	if b.Certificate != nil {
		request = append(request, paper.Field{Label: "原证书序列号", Value: b.Certificate.Serial, Wide: true})
	}
	if p.Person {
		p.Sections = []paper.Section{
			{Name: "一、申请事项", Fields: request},
			{Name: "二、申请人", Fields: append(partyFields(b.Representative),
				paper.Field{Label: "所在地区", Value: b.Region}, paper.Field{Label: "联系地址", Value: b.Address, Wide: true})},
		}
		return p
	}
	p.Sections = []paper.Section{
		{Name: "一、申请事项", Fields: request},
		{Name: "二、单位信息", Fields: []paper.Field{
			{Label: "单位全称", Value: b.Name, Wide: true},
			{Label: "统一社会信用代码", Value: b.Code},
			{Label: "注册地", Value: b.Region},
			{Label: "注册地址", Value: b.Address, Wide: true},
		}},
		{Name: "三、法定代表人", Fields: partyFields(b.Representative)},
		{Name: "四、经办人", Fields: partyFields(b.Agent)},
	}
	return p
}

func partyFields(p record.Party) []paper.Field {
	fields := []paper.Field{{Label: "姓名", Value: p.Name}}
	if entry, ok := codes.IDDocumentTypes.Lookup(p.IDType); ok {
		fields = append(fields, paper.Field{Label: "证件类型", Value: entry.Name})
	}
	fields = append(fields, paper.Field{Label: "证件号码", Value: p.IDNumber}, paper.Field{Label: "电话", Value: p.Phone})
	if p.Email != "" {
		fields = append(fields, paper.Field{Label: "电子邮箱", Value: p.Email})
	}
	return fields
}
