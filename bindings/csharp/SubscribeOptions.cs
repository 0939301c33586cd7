// How to subscribe to events.
//
// It must not know defaults: what is null is not sent. Invariant: ToJson gives a JSON object.
using System.Globalization;
using System.Text;

namespace Coffer
{
    /// <summary>How to subscribe; null leaves Coffer's default. An object of this class is read during the call and not
    /// kept.</summary>
    public sealed class SubscribeOptions
    {
        /// <summary>Call the handler on the publishing thread before its call returns, or, if another thread is just
        /// calling it, by that one right after. Keep it brief: savers wait for it. Otherwise events wait for
        /// <see cref="Database.Poll"/>.</summary>
        public bool Direct { get; set; }

        /// <summary>Have changes carry the saved document as "data".</summary>
        public bool Data { get; set; }

        /// <summary>Begin with everything that was committed after this commit, as far back as the journal reaches. A direct
        /// handler is called with it before Subscribe returns.</summary>
        public ulong? Since { get; set; }

        /// <summary>How many events wait at most, 1 to 16,777,216. Default: 4,096. What does not fit is told by one event
        /// "overflow".</summary>
        public int? Queue { get; set; }

        /// <summary>The options as a JSON object, as the C ABI takes them.</summary>
        public string ToJson()
        {
            var json = new StringBuilder("{\"direct\":").Append(Direct ? "true" : "false");
            json.Append(",\"data\":").Append(Data ? "true" : "false");
            if (Since.HasValue)
            {
                json.Append(",\"since\":").Append(Since.Value.ToString(CultureInfo.InvariantCulture));
            }
            if (Queue.HasValue)
            {
                json.Append(",\"queue\":").Append(Queue.Value.ToString(CultureInfo.InvariantCulture));
            }
            return json.Append('}').ToString();
        }
    }
}
