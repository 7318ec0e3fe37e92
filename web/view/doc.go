// Package view draws the pages of the portal with templ. A page is a component
// that takes a Page, which holds what every page needs, and a model of its own,
// which holds plain typed values: no storage, HTTP or SQL. Pages work without
// scripts; the modules of web/static make them better. They are made for the
// Content-Security-Policy that Policy writes, so no page has inline styles,
// inline scripts or handler attributes.
//
// The tests draw every page in every state (the gallery) and look at each in
// Chromium: survey_test.go says what for.
//
// Every form that posts carries the token as its first control, CSRFField.
//
//	who      route                          component
//	public   GET /                          StartPage(p, StartModel)
//	         /login                         LoginPage(p, LoginModel)
//	         /register                      RegisterPage(p, RegisterModel)
//	         /register/details              RegisterDetailsPage(p, RegisterDetailsModel)
//	         /reset/:token                  ResetPage(p, ResetModel)
//	         /invitations/:token            InvitationPage(p, JoiningModel)
//	         /join, /join/:token            JoinFormPage(p, JoinFormModel), JoinPage(p, JoinModel)
//	         GET /help                      HelpPage(p, *guide.Guide)
//	bidder   GET /home                      HomePage(p, HomeModel)
//	         GET /records/:id               RecordPage(p, RecordModel)
//	         GET /profile, with nothing     BeginPage(p, kind)
//	         /records/:id/edit, draft       EditPage(p, EditModel)
//	         the same, changed elsewhere    MergePage(p, MergeModel)
//	         /records/:id/check             CheckPage(p, CheckModel)
//	         GET /records/:id/print         PrintPage(p, PrintModel)
//	         GET /records/:id/versions/:no  VersionPage(p, VersionModel)
//	         GET /records?kind=…            RecordsPage(p, RecordsModel)
//	         GET /imports?kind=…            ImportsPage(p, ImportsModel)
//	         GET /imports/:id               ImportPage(p, ImportModel)
//	         GET /receipts/:number          ReceiptPage(p, ReceiptModel)
//	         GET /messages                  MessagesPage(p, MessagesModel)
//	         GET /history                   HistoryPage(p, HistoryModel)
//	         GET /certificates              CertificatesPage(p, CertificatesModel)
//	         GET /account                   AccountPage(p, AccountModel)
//	         /account/members, :id          TeamPage(p, TeamModel), TeamMemberPage(p, TeamMemberModel)
//	staff    /staff/login                   StaffLoginPage(p, StaffLoginModel)
//	         /staff/totp                    TOTPPage(p, TOTPModel)
//	         /staff/totp/enrol              TOTPEnrolPage(p, TOTPEnrolModel)
//	         GET /staff                     QueuePage(p, QueueModel)
//	         /staff/queue/check             BulkCheckPage(p, BulkCheckModel)
//	         GET /staff/queue/batches/:id   BatchPage(p, BatchModel)
//	         GET /staff/reviews/:id         ReviewPage(p, ReviewModel)
//	         GET /staff/phrases             PhrasesPage(p, PhrasesModel)
//	         GET /staff/subjects            SubjectsPage(p, SubjectsModel)
//	         /staff/subjects/:id            StaffSubjectPage(p, StaffSubjectModel)
//	         GET /staff/withdrawals         WithdrawalsPage(p, WithdrawalsModel)
//	         GET /staff/records/:id         StaffRecordPage(p, StaffRecordModel)
//	         /staff/members, :id            MembersPage(p, MembersModel), MemberPage(p, MemberModel)
//	         /staff/members/new             NewMemberPage(p, MemberForm)
//	         GET /staff/interfaces          InterfacesPage(p, InterfacesModel)
//	         … /keys/new, /subscribers/new  NewKeyPage(p, KeyForm), NewSubscriberPage(p, SubscriberForm)
//	         … /subscribers/:id             SubscriberPage(p, SubscriberModel)
//	         GET /staff/log                 LogPage(p, LogModel)
//	         GET /staff/checkpoints         CheckpointsPage(p, CheckpointsModel)
//	         GET /staff/me                  MePage(p, MeModel)
//	         GET /staff/calendar            CalendarPage(p, CalendarModel)
//	         /staff/calendar/days/:date     CalendarDayPage(p, CalendarDayModel)
//	         /staff/calendar/notice         NoticePage(p, NoticeModel)
//	         GET /staff/absences            AbsencesPage(p, []AbsenceRow)
//	         /staff/members/:id/work        WorkPage(p, WorkModel)
//	         GET /staff/statistics          StatisticsPage(p, StatisticsModel)
//	any      errors                         ErrorPage(p, ErrorModel)
//	         a post after the session ended SessionEndedPage(p, SessionEndedModel)
//	         the login that followed        ResumePage(p, ResumeModel)
//
// Pages of bidders take Page.Nav, pages of staff draw their own chrome when
// Page.Viewer.Kind is Staff. All instants are shown in Asia/Shanghai.
package view

//go:generate go tool templ generate
