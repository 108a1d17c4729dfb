{{ activation.escalation_ladder(
    ref('inputs'),
    identity='identity_id',
    event='happening',
    occurred_at='happened_at',
    starts=['left_cart'],
    ends=['bought', 'opted_out'],
    steps=[
        {'name': 'free_shipping', 'after_hours': 24, 'event': 'got_free_shipping'},
        {'name': 'discount', 'after_hours': 48, 'cap': {'times': 1, 'days': 90}},
    ],
    quiet_hours=240
) }}
