package web

// staffRoutes are the staff's side of the house.
var staffRoutes = []route{}
