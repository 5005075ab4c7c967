"""What a bot author touches: the Link class, webhooks, cron, bars, and how a bot file is loaded."""
