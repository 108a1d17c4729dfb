select
    identity_id,
    {{ activation.band('score', [90, 30]) }} as score_band,
    {{ activation.band('score', [0.5], labels=["it's none", 'some']) }} as named_band,
    {{ activation.value_gate('price', at_least=20) }} as is_dear,
    {{ activation.value_gate('price', at_least=20, at_most=99.5) }} as is_between,
    {{ activation.margin_gate('price', 'unit_cost', 40) }} as earns_40,
    {{ activation.margin_gate('price', 'unit_cost', 40, discount_percent=10) }}
        as earns_40_at_10_off
from {{ ref('inputs') }}
