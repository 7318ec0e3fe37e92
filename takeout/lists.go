package takeout

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	"unireg/record"
	"unireg/storage"
)

// readme says in words what lies where.
func (c contents) readme(context.Context) error {
	d := c.dossier
	text := fmt.Sprintf(readmeText, c.packer.Site, d.Subject.Name, d.AsOf.In(record.Shanghai).Format("2006-01-02 15:04:05"))
	return c.archive.bytes("README.txt", []byte(text))
}

const readmeText = `%s
数据导出：%s
截至：%s（北京时间）

本压缩包是该主体在本系统中登记的全部数据，含身份证件号码、手机号码、银行账号等个人信息，请妥善保管。

  subject.json                          主体：类型、名称、代码或证件号、注册与核实时间
  records/类型/编号/record.json         每一项申报：现在的状态和全部版本
  records/类型/编号/versions/N.pdf      第 N 版，供阅读和打印
  records/类型/编号/versions/N.json     第 N 版，供程序读取：填报的内容和各栏目的文字
  records/类型/编号/versions/N.canonical.json
                                        第 N 版的原始内容，其 SHA-256 即页面上的“内容指纹”
  records/类型/编号/versions/N.signed.json
                                        第 N 版的数字签名，可用 unireg verify bundle 离线核验
  records/类型/编号/versions/N.evidence 签名的原始数据（签发机构不再受信任、无法打包时）
  drafts/类型/编号.json                 正在填写、还没有提交的草稿
  files/                                附件，名称前是其 SHA-256 的前 16 位
  files.json                            全部附件的清单；没有导出的写明原因
  certificates.json、certificates/      绑定过的数字证书
  applications.json                     向 CA 公司提交的申请
  events.json                           办理记录；工作人员只列角色
  messages.json                         系统发出的消息
  members.json                          成员：姓名、用户名、角色，不含登录凭据
  logins.json                           申请导出的账号的登录记录，不含登录凭据
  contacts.json                         申请导出的账号接收消息的邮箱和手机号码
  imports.json                          批量导入，及其中没有生成草稿的行
  manifest.json                         以上每个文件的大小和 SHA-256

类型：organization、person 基本信息，qualification 单位资质，performance 单位业绩，practitioner 执业人员，award 获奖信息。
时间均为协调世界时（UTC），比北京时间早 8 小时；PDF 和本文件中为北京时间。
`

// subject writes who it is.
func (c contents) subject(context.Context) error {
	d := c.dossier
	return c.archive.json("subject.json", struct {
		ID         record.ID          `json:"id"`
		Type       record.SubjectType `json:"type"`
		TypeName   string             `json:"type_name"`
		Name       string             `json:"name"`
		Code       string             `json:"code"`
		IDType     string             `json:"id_type,omitempty"`
		Registered time.Time          `json:"registered_at"`
		ProvenAt   time.Time          `json:"proven_at,omitzero"`
		ClosedAt   time.Time          `json:"closed_at,omitzero"`
	}{
		d.Subject.ID, d.Subject.Type, d.Subject.Type.Label(), d.Subject.Name, d.Subject.Code, d.Subject.IDType,
		d.Registered.UTC(), d.ProvenAt.UTC(), d.ClosedAt.UTC(),
	})
}

// certificates writes the certificates that are bound, and their list.
func (c contents) certificates(context.Context) error {
	type line struct {
		ID        record.ID               `json:"id"`
		Kind      record.CertificateKind  `json:"kind"`
		KindName  string                  `json:"kind_name"`
		Use       string                  `json:"use"`
		Algorithm string                  `json:"algorithm"`
		Issuer    string                  `json:"issuer"`
		Serial    string                  `json:"serial"`
		SHA256    string                  `json:"sha256"`
		NotBefore time.Time               `json:"not_before"`
		NotAfter  time.Time               `json:"not_after"`
		BoundAt   time.Time               `json:"bound_at"`
		BoundBy   string                  `json:"bound_by"`
		LastLogin time.Time               `json:"last_login_at,omitzero"`
		Suspended time.Time               `json:"suspended_at,omitzero"`
		Revoked   time.Time               `json:"revoked_at,omitzero"`
		Reason    string                  `json:"revocation,omitempty"`
		Unbound   time.Time               `json:"unbound_at,omitzero"`
		State     record.CertificateState `json:"state"`
		Path      string                  `json:"path"`
	}
	list := []line{}
	for _, f := range c.dossier.Certificates {
		path := "certificates/" + string(f.ID) + ".pem"
		if err := c.archive.bytes(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.DER})); err != nil {
			return err
		}
		list = append(list, line{
			f.ID, f.Kind, f.Kind.Label(), f.Use, f.Algorithm, f.Issuer, f.Serial, f.SHA256, f.NotBefore, f.NotAfter, f.BoundAt.UTC(), f.BoundBy,
			f.LastLoginAt.UTC(), f.SuspendedAt.UTC(), f.RevokedAt.UTC(), f.Revocation, f.UnboundAt.UTC(), f.State(c.dossier.AsOf), path,
		})
	}
	return c.archive.json("certificates.json", list)
}

// applications writes what was asked of the CA company, with what was sent.
func (c contents) applications(context.Context) error {
	type line struct {
		ID         record.ID                `json:"id"`
		Business   record.Business          `json:"business"`
		Name       string                   `json:"business_name"`
		Kind       record.CertificateKind   `json:"certificate_kind"`
		Years      int                      `json:"years"`
		Status     record.ApplicationStatus `json:"status"`
		StatusName string                   `json:"status_name"`
		Reason     string                   `json:"reason,omitempty"`
		OrderNo    string                   `json:"order_no,omitempty"`
		Receipt    string                   `json:"receipt"`
		AcceptedAt time.Time                `json:"accepted_at"`
		SentAt     time.Time                `json:"sent_at,omitzero"`
		ClosedAt   time.Time                `json:"closed_at,omitzero"`
		Sent       json.RawMessage          `json:"sent"`
	}
	list := []line{}
	for _, a := range c.dossier.Applications {
		list = append(list, line{
			a.ID, a.Business, a.Business.Label(), a.Kind, a.Years, a.Status, a.Status.LabelFor(a.Business), a.Reason, a.OrderNo, a.Receipt,
			a.AcceptedAt.UTC(), a.SentAt.UTC(), a.ClosedAt.UTC(), a.Bundle,
		})
	}
	return c.archive.json("applications.json", list)
}

// events writes the subject's history.
func (c contents) events(context.Context) error {
	type line struct {
		No       int64             `json:"no"`
		At       time.Time         `json:"at"`
		Type     string            `json:"type"`
		Text     string            `json:"text"`
		Role     record.Role       `json:"role"`
		RoleName string            `json:"role_name"`
		Record   record.ID         `json:"record,omitempty"`
		Version  int               `json:"version,omitempty"`
		Standing record.Standing   `json:"standing,omitempty"`
		Filing   record.Filing     `json:"filing,omitempty"`
		Reason   string            `json:"reason,omitempty"`
		Remarks  []record.Remark   `json:"remarks,omitempty"`
		Answers  map[string]string `json:"answers,omitempty"`
		Refusal  record.Refusal    `json:"refusal,omitempty"`
		Hash     string            `json:"hash"`
	}
	list := []line{}
	for _, e := range c.dossier.Events {
		list = append(list, line{
			e.No, e.At.UTC(), e.Type, eventText(e.Event), e.Role, e.Role.Label(), e.Record, e.Version, e.State.Standing, e.State.Filing, e.Reason,
			e.Remarks, e.Answers, e.Refusal, e.Hash,
		})
	}
	return c.archive.json("events.json", list)
}

// eventTexts are the events that are no moves, as far as there is more to say than
// their type does.
var eventTexts = map[string]string{
	string(storage.MoveRegister): "注册", storage.EventProven: "主体得到核实", storage.EventTakenOver: "账号移交", storage.EventClosed: "注册关闭",
	storage.EventCertificateBound: "绑定数字证书", storage.EventCertificateRevoked: "数字证书吊销", storage.EventCertificateSuspended: "数字证书挂失",
	storage.EventCertificateResumed: "数字证书解除挂失", storage.EventRevealed: "工作人员查看完整敏感信息", storage.EventPrinted: "打印申请表",
	storage.EventImportConfirmed: "确认批量导入", storage.EventImportEnded: "批量导入完成", storage.EventFileRefused: "附件未通过病毒扫描",
	storage.EventPasswordChanged: "修改密码", storage.EventSessionEnded: "结束登录会话", storage.EventExportRequested: "申请导出数据",
	storage.EventExportReady: "数据导出完成", storage.EventExportFailed: "数据导出失败", storage.EventExportTaken: "下载导出的数据",
	storage.EventContactVerified: "设置接收消息的地址", storage.EventContactRemoved: "移除接收消息的地址",
	string(storage.MoveCAApply): "申请办理数字证书", storage.EventMemberInvited: "邀请成员", storage.EventInvitationRenewed: "重新生成邀请链接",
	storage.EventInvitationRevoked: "收回邀请", storage.EventMemberJoined: "成员加入", storage.EventMemberChanged: "调整成员角色",
	storage.EventMemberRenamed: "修改成员姓名", storage.EventMemberRevoked: "停用成员", storage.EventMemberLeft: "成员退出",
	storage.EventMemberSessionsEnded: "结束成员的登录会话", storage.EventJoinAsked: "收到加入申请", storage.EventJoinGranted: "同意加入申请",
	storage.EventJoinRefused: "谢绝加入申请",
}

func eventText(e storage.Event) string {
	switch {
	case e.Refusal != "":
		return e.Move.Label() + "未生效：" + e.Refusal.Explain()
	case record.Move(e.Type).Label() != "":
		return record.Move(e.Type).Label()
	}
	return eventTexts[e.Type]
}

// messages writes what the system told the subject.
func (c contents) messages(context.Context) error {
	type line struct {
		At     time.Time         `json:"at"`
		Topic  string            `json:"topic"`
		Record record.ID         `json:"record,omitempty"`
		Data   map[string]string `json:"data,omitempty"`
		ReadAt time.Time         `json:"read_at,omitzero"`
	}
	list := []line{}
	for _, n := range c.dossier.Messages {
		list = append(list, line{n.CreatedAt.UTC(), n.Topic, n.Record, n.Data, n.ReadAt.UTC()})
	}
	return c.archive.json("messages.json", list)
}

// members writes who may log in for the subject, and who might before.
func (c contents) members(context.Context) error {
	type line struct {
		Account    record.ID         `json:"account"`
		Name       string            `json:"name,omitempty"`
		Login      string            `json:"login,omitempty"`
		Role       record.MemberRole `json:"role"`
		RoleName   string            `json:"role_name"`
		Since      time.Time         `json:"since"`
		LoggedInAt time.Time         `json:"logged_in_at,omitzero"`
		RevokedAt  time.Time         `json:"revoked_at,omitzero"`
	}
	list := []line{}
	for _, m := range c.dossier.Members {
		list = append(list, line{
			m.ID, m.Name, m.Login, m.Role, m.Role.Label(), m.CreatedAt.UTC(), m.LoggedInAt.UTC(), m.RevokedAt.UTC(),
		})
	}
	return c.archive.json("members.json", list)
}

// logins writes when and from where the account was used.
func (c contents) logins(context.Context) error {
	type line struct {
		At        time.Time        `json:"at"`
		SeenAt    time.Time        `json:"seen_at"`
		EndedAt   time.Time        `json:"ended_at,omitzero"`
		Assurance record.Assurance `json:"assurance"`
		Address   string           `json:"address"`
		Agent     string           `json:"agent"`
	}
	list := []line{}
	for _, s := range c.dossier.Logins {
		list = append(list, line{s.CreatedAt.UTC(), s.SeenAt.UTC(), s.EndedAt.UTC(), s.Assurance, s.Address, s.Agent})
	}
	return c.archive.json("logins.json", list)
}

// contacts writes where the account's messages go.
func (c contents) contacts(context.Context) error {
	type line struct {
		Channel    storage.Channel `json:"channel"`
		Address    string          `json:"address,omitempty"`
		VerifiedAt time.Time       `json:"verified_at,omitzero"`
		FailedAt   time.Time       `json:"failed_at,omitzero"`
		Language   string          `json:"language"`
		Groups     []storage.Group `json:"groups"`
		Next       string          `json:"unverified_address,omitempty"`
	}
	list := []line{}
	for _, k := range c.dossier.Contacts {
		list = append(list, line{k.Channel, k.Address, k.VerifiedAt.UTC(), k.FailedAt.UTC(), k.Language, k.Groups, k.Next})
	}
	return c.archive.json("contacts.json", list)
}

// imports writes the sheets that were uploaded, with the rows that became no draft.
func (c contents) imports(context.Context) error {
	type row struct {
		Line     int               `json:"line"`
		Cells    map[string]string `json:"cells"`
		Problems []string          `json:"problems,omitempty"`
	}
	type line struct {
		Kind      record.Kind         `json:"kind"`
		File      string              `json:"file"`
		State     storage.ImportState `json:"state"`
		CreatedAt time.Time           `json:"created_at"`
		EndedAt   time.Time           `json:"ended_at,omitzero"`
		Lines     int                 `json:"lines"`
		Made      int                 `json:"made"`
		Rows      []row               `json:"rows"`
	}
	list := []line{}
	for _, i := range c.dossier.Imports {
		l := line{i.Kind, i.File, i.State, i.CreatedAt.UTC(), i.EndedAt.UTC(), i.Import.Rows, i.Made, []row{}}
		for _, r := range i.Rows {
			shown := row{Line: r.Line, Cells: r.Cells}
			for _, problem := range r.Problems {
				shown.Problems = append(shown.Problems, problem.Label+"："+problem.Message)
			}
			l.Rows = append(l.Rows, shown)
		}
		list = append(list, l)
	}
	return c.archive.json("imports.json", list)
}
