select
    identity_id,
    {{ activation.held_out('summer_2026', 'identity_id', 12.5) }} as is_drawn,
    {{ activation.held_out('summer_2026', 'identity_id', 0) }} as is_drawn_of_none,
    {{ activation.held_out('summer_2026', 'identity_id', 100) }} as is_drawn_of_all,
    {{ activation.held_out_by('summer_2026', 'identity_id', ref('drawn')) }} as is_held_out,
    {{ activation.held_out_by('no_such_hold_out', 'identity_id') }} as is_held_out_by_the_sync
from {{ ref('inputs') }}
