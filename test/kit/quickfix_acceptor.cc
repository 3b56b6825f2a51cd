// QuickFIX as the counterparty of a test: an acceptor with its own session, numbers and dictionary.
// It takes orders (market orders are executed at 100, limit orders rest), cancels and questions,
// and says on standard output what it sees. What stands on its standard input it does: `logout`,
// `logon`, `report N` (that many reports without an order), `quit`.

#include <quickfix/Application.h>
#include <quickfix/FileStore.h>
#include <quickfix/Message.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketAcceptor.h>

#include <iostream>
#include <map>
#include <sstream>
#include <string>

namespace {

struct Order {
  std::string venue_id;
  std::string symbol;
  std::string side;
  std::string quantity;
  bool is_open = false;
};

class Venue final : public FIX::Application {
 public:
  void onCreate(const FIX::SessionID&) override {}
  void onLogon(const FIX::SessionID& id) override {
    session_ = id;
    say("logon");
  }
  void onLogout(const FIX::SessionID&) override { say("logout"); }
  void toAdmin(FIX::Message&, const FIX::SessionID&) override {}
  void toApp(FIX::Message&, const FIX::SessionID&) throw(FIX::DoNotSend) override {}
  void fromAdmin(const FIX::Message& message, const FIX::SessionID&)
      throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue,
             FIX::RejectLogon) override {
    say("admin " + message.getHeader().getField(35));
  }
  void fromApp(const FIX::Message& message, const FIX::SessionID&)
      throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue,
             FIX::UnsupportedMessageType) override {
    const std::string type = message.getHeader().getField(35);
    const std::string id = message.isSetField(11) ? message.getField(11) : "";
    say("app " + type + " " + id);
    if (type == "D") take_order(message, id);
    if (type == "F") take_cancel(message, id);
    if (type == "H") tell_status(message, id);
  }

  void report(int count) {
    const Order order{"V0", "S1", "1", "1", false};
    for (int index = 0; index < count; ++index) send(order, "R" + std::to_string(index), "0", "0");
  }

  void log_out() { FIX::Session::lookupSession(session_)->logout("as asked"); }

  /** After a log-out it lets nobody in before this. */
  void let_in() { FIX::Session::lookupSession(session_)->logon(); }

  static void say(const std::string& text) { std::cout << text << std::endl; }

 private:
  void take_order(const FIX::Message& message, const std::string& id) {
    Order& order = orders_[id];
    order = {"V" + std::to_string(orders_.size()), message.getField(55), message.getField(54),
             message.getField(38), true};
    send(order, id, "0", "0");
    if (message.getField(40) != "1") return;
    order.is_open = false;
    send(order, id, "F", "2");
  }

  void take_cancel(const FIX::Message& message, const std::string& id) {
    const std::string original = message.getField(41);
    Order& order = orders_[original];
    order.is_open = false;
    send(order, id, "4", "4", original);
  }

  void tell_status(const FIX::Message& message, const std::string& id) {
    const auto found = orders_.find(id);
    const std::string question = message.isSetField(790) ? message.getField(790) : "";
    if (found == orders_.end()) {
      send({"NONE", message.getField(55), message.getField(54), "0", false}, id, "I", "8", "",
           question);
      return;
    }
    send(found->second, id, "I", found->second.is_open ? "0" : "2", "", question);
  }

  void send(const Order& order, const std::string& id, const std::string& exec_type,
            const std::string& status, const std::string& original = "",
            const std::string& question = "") {
    FIX::Message report;
    report.getHeader().setField(8, "FIX.4.4");
    report.getHeader().setField(35, "8");
    report.setField(37, order.venue_id);
    report.setField(11, id);
    if (!original.empty()) report.setField(41, original);
    if (!question.empty()) report.setField(790, question);
    report.setField(17, "E" + std::to_string(++reports_));
    report.setField(150, exec_type);
    report.setField(39, status);
    if (status == "8") report.setField(103, "5");
    report.setField(55, order.symbol);
    report.setField(54, order.side);
    report.setField(38, order.quantity);
    const bool is_filled = status == "2";
    report.setField(151, is_filled || status != "0" ? "0" : order.quantity);
    report.setField(14, is_filled ? order.quantity : "0");
    report.setField(6, is_filled ? "100" : "0");
    if (exec_type == "F") {
      report.setField(31, "100");
      report.setField(32, order.quantity);
    }
    FIX::Session::sendToTarget(report, session_);
  }

  FIX::SessionID session_;
  std::map<std::string, Order> orders_;
  int reports_ = 0;
};

}  // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  try {
    FIX::SessionSettings settings(words[1]);
    Venue venue;
    FIX::FileStoreFactory stores(settings);
    FIX::SocketAcceptor acceptor(venue, stores, settings);
    acceptor.start();
    Venue::say("ready");
    for (std::string line; std::getline(std::cin, line) && line != "quit";) {
      std::istringstream text(line);
      std::string word;
      int number = 0;
      text >> word >> number;
      if (word == "report") venue.report(number);
      if (word == "logout") venue.log_out();
      if (word == "logon") venue.let_in();
    }
    acceptor.stop();
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
  return 0;
}
